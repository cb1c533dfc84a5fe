-- One row per track of customers, stretch of booking time and time in force: the version that prices it.
--
-- In force is the latest version that applies to the track. A correction ends what it corrects; a version
-- applies to existing customers from existing_customers_from on; customers pinned to a version follow
-- everybody until it starts and keep it, and its corrections, for ever (decision 12). For a period that was
-- closed before a version was published, that version does not exist: [booked_from, booked_to) says for
-- which periods a row holds (decision 13). No window is ever filled from a later version; time before the
-- first one stays without prices.

with

versions as (
    select * from {{ source('config', 'rate_card_versions') }}
    where published_at is null or published_at < {{ as_of() }}
),

pinned_versions as (
    select * from {{ source('config', 'rate_card_versions') }}
),

tracks as (
    select distinct
        track_no,
        pinned_version,
        cohort_from
    from {{ ref('stg_customers') }}
),

-- The books' own clock of knowledge: a period is closed since the end of the last stretch it was open in.
closings as (
    select
        periods.starts_at,
        periods.ends_at,
        coalesce(
            max(case when open_windows.open_from < periods.ends_at then open_windows.known_to end),
            min(open_windows.known_from)
        ) as closed_at
    from {{ ref('stg_periods') }} as periods
    cross join {{ ref('stg_open_windows') }} as open_windows
    group by periods.starts_at, periods.ends_at
),

unknown as (
    select
        versions.version,
        closings.starts_at,
        closings.ends_at
    from closings
    inner join versions
        on
            closings.closed_at <= versions.published_at
            and closings.ends_at > versions.effective_from
),

stage_starts as (
    select {{ start_of_time() }} as booked_from
    union
    select unknown.starts_at as booked_from from unknown
    left join unknown as earlier
        on
            unknown.version = earlier.version
            and unknown.starts_at = earlier.ends_at
    where earlier.version is null
    union
    select unknown.ends_at as booked_from from unknown
    left join unknown as later
        on
            unknown.version = later.version
            and unknown.ends_at = later.starts_at
    where later.version is null
),

stages as (
    select
        booked_from,
        coalesce(lead(booked_from) over (order by booked_from), {{ end_of_time() }}) as booked_to
    from stage_starts
),

candidates as (
    select
        tracks.track_no,
        stages.booked_from,
        stages.booked_to,
        versions.version,
        versions.version_no,
        versions.corrects,
        versions.effective_from,
        case
            when versions.agreement = pinned_versions.agreement then versions.effective_from
            when tracks.cohort_from < versions.effective_from
                then coalesce(versions.existing_customers_from, versions.effective_from)
            else versions.effective_from
        end as applies_from
    from tracks
    cross join stages
    cross join versions
    left join pinned_versions
        on tracks.pinned_version = pinned_versions.version
    left join unknown
        on
            versions.version = unknown.version
            and stages.booked_from >= unknown.starts_at
            and stages.booked_from < unknown.ends_at
    where
        unknown.version is null
        and (
            tracks.pinned_version = ''
            or versions.version_no <= pinned_versions.version_no
            or versions.agreement = pinned_versions.agreement
        )
),

corrections as (
    select
        track_no,
        booked_from,
        corrects as version,
        min(effective_from) as applies_to
    from candidates
    where corrects is not null
    group by track_no, booked_from, corrects
),

ranges as (
    select
        candidates.*,
        coalesce(corrections.applies_to, {{ end_of_time() }}) as applies_to
    from candidates
    left join corrections
        on
            candidates.track_no = corrections.track_no
            and candidates.booked_from = corrections.booked_from
            and candidates.version = corrections.version
),

turns as (
    select
        track_no,
        booked_from,
        booked_to,
        applies_from as turns_at
    from ranges
    union
    select
        track_no,
        booked_from,
        booked_to,
        applies_to as turns_at
    from ranges
    where applies_to < {{ end_of_time() }}
),

latest as (
    select
        turns.*,
        ranges.version,
        row_number() over (
            partition by turns.track_no, turns.booked_from, turns.turns_at
            order by ranges.version_no desc nulls last
        ) as place
    from turns
    left join ranges
        on
            turns.track_no = ranges.track_no
            and turns.booked_from = ranges.booked_from
            and turns.turns_at >= ranges.applies_from
            and turns.turns_at < ranges.applies_to
),

changes as (
    select
        *,
        lag(version) over (partition by track_no, booked_from order by turns_at) as version_before
    from latest
    where place = 1
),

windows as (
    select
        *,
        coalesce(
            lead(turns_at) over (partition by track_no, booked_from order by turns_at),
            {{ end_of_time() }}
        ) as effective_to
    from changes
    where version is distinct from version_before
)

select
    track_no,
    version,
    turns_at as effective_from,
    effective_to,
    booked_from,
    booked_to
from windows
where version is not null
