-- One row per statement: our own figure for what it states, and what of the difference its source could not know.
--
-- Facts are added up once, between the instants that statements name and between those at which they were received,
-- and those sums once more per statement: the work grows with the facts, and with the statements of one wallet.
--
-- difference is theirs less ours. late is what facts that occurred before the cut, but were received after the
-- statement, make of it: all of them or none. They explain nothing if they point the other way or beyond the
-- difference, nor where the difference is rounding.

with

statements as (
    select
        *,
        {{ half_unit('decimals') }} as tolerance
    from {{ ref('stg_statements') }}
),

facts as (
    select * from {{ ref('int_statement_facts') }}
),

instants as (
    select
        subject_no,
        until_at as since
    from statements
    union
    select
        subject_no,
        from_at as since
    from statements
    where from_at is not null
    union
    select
        subject_no,
        {{ start_of_time() }} as since
    from statements
),

windows as (
    select
        subject_no,
        since,
        lead(since) over (partition by subject_no order by since) as cut_at
    from instants
),

receipts as (
    select
        subject_no,
        received_at as since
    from statements
    union
    select
        subject_no,
        {{ start_of_time() }} as since
    from statements
),

-- unknown_since: the last statement that was received before the facts were.
placed as (
    select
        facts.subject_no,
        windows.cut_at,
        receipts.since as unknown_since,
        {{ sum_credits('facts.amount') }} as amount
    from facts
    {{ latest_below('windows', 'windows', 'facts.subject_no = windows.subject_no', just_after('facts.occurred_at'), 'windows.since') }}
    {{ latest_below('receipts', 'receipts', 'facts.subject_no = receipts.subject_no', 'facts.received_at', 'receipts.since') }}
    where windows.cut_at is not null
    group by facts.subject_no, windows.cut_at, receipts.since
),

moved as (
    select
        subject_no,
        cut_at,
        {{ sum_credits('amount') }} as amount
    from placed
    group by subject_no, cut_at
),

to_date as (
    select
        windows.subject_no,
        windows.cut_at,
        {{ sum_credits(
            'moved.amount', 'partition by windows.subject_no order by windows.cut_at rows unbounded preceding') }} as amount
    from windows
    left join moved
        on
            windows.subject_no = moved.subject_no
            and windows.cut_at = moved.cut_at
    where windows.cut_at is not null
),

unknown as (
    select
        statements.statement_no,
        {{ sum_credits('placed.amount') }} as amount
    from statements
    inner join placed
        on
            statements.subject_no = placed.subject_no
            and statements.until_at >= placed.cut_at
            and statements.received_at <= placed.unknown_since
    where statements.from_at is null or placed.cut_at > statements.from_at
    group by statements.statement_no
),

compared as (
    select
        statements.statement_no,
        statements.tolerance,
        cast(until_end.amount - coalesce(from_start.amount, 0) as {{ t_credits() }}) as ours,
        cast(statements.amount - until_end.amount + coalesce(from_start.amount, 0) as {{ t_credits() }}) as difference,
        cast(-coalesce(unknown.amount, 0) as {{ t_credits() }}) as unknown_amount
    from statements
    inner join to_date as until_end
        on
            statements.subject_no = until_end.subject_no
            and statements.until_at = until_end.cut_at
    left join to_date as from_start
        on
            statements.subject_no = from_start.subject_no
            and statements.from_at = from_start.cut_at
    left join unknown
        on statements.statement_no = unknown.statement_no
)

select
    statement_no,
    ours,
    difference,
    case
        when abs(difference) <= tolerance then {{ zero_credits() }}
        when difference > 0 and unknown_amount > 0 and unknown_amount <= difference + tolerance then unknown_amount
        when difference < 0 and unknown_amount < 0 and unknown_amount >= difference - tolerance then unknown_amount
        else {{ zero_credits() }}
    end as late,
    tolerance
from compared
