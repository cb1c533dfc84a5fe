-- Fails for a payment fact the books would be wrong without. Facts that only wait for a person (unapplied
-- money, unpaid invoices) are listed in revenue.int_payments__unposted and do not fail.

select *
from {{ ref('int_payments__unposted') }}
where is_error
