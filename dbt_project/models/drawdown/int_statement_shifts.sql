-- One row per statement and bucket whose facts, on the other side of its cut, would close its difference to rounding.
--
-- timing: the facts of ours within one day before the cut that the source does not count yet, or within one day after
-- it that it counts already, at either end of a window; all of them up to some instant, or those of one instant. It is
-- tried on the whole difference. expiry and refund: what expired, or was taken back, before the cut and is still in
-- their balance, or the other way round; all of it since (or until) some instant, or one time. They are tried on what
-- is left after late facts. Of several answers the sum goes before the single one, and the nearest to the cut first.
--
-- A total of what is lost only grows, so the instant at which it was theirs is looked up by the total: no pairs of
-- losses and statements are made.

with

facts as (
    select * from {{ ref('int_statement_facts') }}
),

differing as (
    select
        statements.statement_no,
        statements.subject_no,
        statements.from_at,
        statements.until_at,
        figures.difference,
        cast(figures.difference - figures.late as {{ t_credits() }}) as rest,
        figures.tolerance
    from {{ ref('stg_statements') }} as statements
    inner join {{ ref('int_statement_figures') }} as figures
        on statements.statement_no = figures.statement_no
    where abs(figures.difference) > figures.tolerance
),

ends as (
    select
        statement_no,
        subject_no,
        until_at as cut_at,
        1 as sign
    from differing
    union all
    select
        statement_no,
        subject_no,
        from_at as cut_at,
        -1 as sign
    from differing
    where from_at is not null
),

cuts as (
    select
        subject_no,
        cut_at
    from ends
    group by subject_no, cut_at
),

-- The day of a cut and its neighbours, so that facts meet only the cuts near them.
cut_days as (
    {% for days in (-1, 0, 1) -%}
    select
        subject_no,
        cut_at,
        {{ whole_div(sortable_instant('cut_at'), 86400000000) }} + {{ days }} as day_no
    from cuts
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

near as (
    select
        cut_days.subject_no,
        cut_days.cut_at,
        facts.occurred_at >= cut_days.cut_at as is_after,
        abs({{ sortable_instant('facts.occurred_at') }} - {{ sortable_instant('cut_days.cut_at') }}) as distance,
        {{ sum_credits('facts.amount') }} as amount
    from facts
    inner join cut_days
        on
            facts.subject_no = cut_days.subject_no
            and {{ whole_div(sortable_instant('facts.occurred_at'), 86400000000) }} = cut_days.day_no
    group by
        cut_days.subject_no,
        cut_days.cut_at,
        facts.occurred_at
),

running as (
    select
        *,
        {{ sum_credits(
            'amount', 'partition by subject_no, cut_at, is_after order by distance rows unbounded preceding') }} as amount_to
    from near
    where distance <= 86400000000
),

timing as (
    {% for column, is_single in [('amount_to', 'false'), ('amount', 'true')] -%}
    select
        ends.statement_no,
        ends.sign,
        running.is_after,
        running.distance,
        {{ is_single }} as is_single,
        cast(ends.sign * case when running.is_after then running.{{ column }} else -running.{{ column }} end as {{ t_credits() }}) as amount
    from ends
    inner join running
        on
            ends.subject_no = running.subject_no
            and ends.cut_at = running.cut_at
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

timed as (
    select
        timing.statement_no,
        timing.amount,
        row_number() over (
            partition by timing.statement_no
            order by timing.is_single, timing.distance, -timing.sign, timing.is_after
        ) as place
    from timing
    inner join differing
        on timing.statement_no = differing.statement_no
    where abs(differing.difference - timing.amount) <= differing.tolerance
),

losses as (
    select
        facts.subject_no,
        facts.kind,
        facts.occurred_at,
        {{ sum_credits('-facts.amount') }} as credits
    from facts
    inner join cuts
        on facts.subject_no = cuts.subject_no
    where facts.kind in ('expiry', 'refund')
    group by facts.subject_no, facts.kind, facts.occurred_at
),

lost as (
    select
        subject_no,
        kind,
        occurred_at,
        {{ sum_credits('credits', 'partition by subject_no, kind order by occurred_at rows unbounded preceding') }} as lost_to
    from losses
    union all
    select
        subject_no,
        kind,
        {{ start_of_time() }} as occurred_at,
        {{ zero_credits() }} as lost_to
    from losses
    group by subject_no, kind
),

wanted as (
    select
        differing.statement_no,
        differing.subject_no,
        lost.kind,
        differing.until_at,
        differing.rest,
        differing.tolerance
    from differing
    inner join lost
        on differing.subject_no = lost.subject_no
    where
        lost.lost_to = 0
        and abs(differing.rest) > differing.tolerance
),

at_cut as (
    select
        wanted.*,
        lost.lost_to,
        cast(lost.lost_to - wanted.rest + wanted.tolerance + 0.000000001 as {{ t_credits() }}) as above_theirs,
        cast(abs(wanted.rest) + wanted.tolerance + 0.000000001 as {{ t_credits() }}) as above_rest
    from wanted
    {{ latest_below(
        'lost', 'lost', 'wanted.subject_no = lost.subject_no and wanted.kind = lost.kind', 'wanted.until_at', 'lost.occurred_at') }}
),

single_losses as (
    select
        subject_no,
        kind,
        credits,
        min(occurred_at) as first_at,
        max(occurred_at) as last_at
    from losses
    group by subject_no, kind, credits
),

lost_otherwise as (
    select
        at_cut.statement_no,
        at_cut.kind,
        false as is_single,
        cast(at_cut.lost_to - theirs.lost_to as {{ t_credits() }}) as amount
    from at_cut
    {{ latest_below(
        'lost', 'theirs', 'at_cut.subject_no = theirs.subject_no and at_cut.kind = theirs.kind', 'at_cut.above_theirs', 'theirs.lost_to') }}
    where abs(at_cut.lost_to - theirs.lost_to - at_cut.rest) <= at_cut.tolerance
    union all
    select
        at_cut.statement_no,
        at_cut.kind,
        true as is_single,
        case when at_cut.rest > 0 then singles.credits else cast(-singles.credits as {{ t_credits() }}) end as amount
    from at_cut
    {{ latest_below(
        'single_losses', 'singles', 'at_cut.subject_no = singles.subject_no and at_cut.kind = singles.kind',
        'at_cut.above_rest', 'singles.credits') }}
    where
        abs(abs(at_cut.rest) - singles.credits) <= at_cut.tolerance
        and (
            (at_cut.rest > 0 and singles.first_at < at_cut.until_at)
            or (at_cut.rest < 0 and singles.last_at >= at_cut.until_at)
        )
),

ranked as (
    select
        *,
        row_number() over (partition by statement_no, kind order by is_single) as place
    from lost_otherwise
)

select
    statement_no,
    'timing' as bucket,
    amount
from timed
where place = 1
union all
select
    statement_no,
    kind as bucket,
    amount
from ranked
where place = 1
