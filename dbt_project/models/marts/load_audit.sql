-- One row per file loaded: what came in, what became of each row, and the control total.

select
    file_no,
    feed,
    format,
    path,
    sha256,
    rows,
    loaded,
    duplicates,
    rejected,
    excluded,
    control_total_name,
    control_total,
    loaded_at
from {{ source('feeds', 'files') }}
