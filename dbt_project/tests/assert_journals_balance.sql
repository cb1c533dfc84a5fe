-- Fails for a journal whose debits and credits differ, in its own or in the functional currency (identity 5).

select
    journal_id,
    sum(debit) as debits,
    sum(credit) as credits,
    sum(functional_debit) as functional_debits,
    sum(functional_credit) as functional_credits
from {{ ref('journal_lines') }}
group by journal_id
having
    sum(debit) is distinct from sum(credit)
    or sum(functional_debit) is distinct from sum(functional_credit)
