-- One row per distinct meter and set of properties. sort_no orders them by what they say, so that a
-- remainder cent lands in the same place whatever order the files were loaded in.

select
    property_set_no,
    meter,
    properties,
    cast(row_number() over (order by meter, properties) as int) as sort_no
from {{ source('feeds', 'property_sets') }}
