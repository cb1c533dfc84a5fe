-- Fails where two rates of one version claim the same usage and neither is more specific.

select
    property_sets.meter,
    property_sets.properties,
    matches.version
from {{ ref('int_rate_matches') }} as matches
inner join {{ ref('stg_property_sets') }} as property_sets
    on matches.property_set_no = property_sets.property_set_no
where matches.is_tied
