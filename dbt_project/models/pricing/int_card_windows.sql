-- One row per rate card version that was ever in force: the half-open window it prices.
--
-- A version that another one corrects prices nothing: the correction takes its window. No window is
-- ever filled from a later version; time before the first one stays without prices.

with

versions as (
    select * from {{ source('config', 'rate_card_versions') }}
    where published_at is null or published_at < {{ as_of() }}
),

corrected as (
    select distinct corrects as version
    from versions
    where corrects is not null
),

in_force as (
    select *
    from versions
    where
        not exists (
            select 1 from corrected
            where corrected.version = versions.version
        )
)

select
    version,
    effective_from,
    coalesce(
        lead(effective_from) over (order by effective_from, version_no),
        {{ end_of_time() }}
    ) as effective_to
from in_force
