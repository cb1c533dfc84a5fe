-- Fails for a file whose rows are not all loaded, duplicate, rejected or excluded (identity 6), or whose
-- loaded usage is not what the raw table holds.

with

held as (
    select
        file_no,
        count(*) as rows
    from {{ source('feeds', 'usage') }}
    group by file_no
)

select
    files.path,
    files.rows,
    files.loaded,
    files.duplicates,
    files.rejected,
    files.excluded,
    held.rows as rows_held
from {{ source('feeds', 'files') }} as files
left join held
    on files.file_no = held.file_no
where
    files.rows <> files.loaded + files.duplicates + files.rejected + files.excluded
    or (files.feed = 'usage' and files.loaded <> coalesce(held.rows, 0))
