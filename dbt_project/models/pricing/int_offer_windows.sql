-- One row per offer grant and window of its card version: what buying the offer gives, to whom and when.
--
-- earns says whether the grant shares the price of the offer: paid and bonus credits were bought together
-- (bonus dilutes the value of each, ACCOUNTING 4), the others are given and carry nothing.

with

windows as (
    select * from {{ ref('int_card_windows') }}
),

offers as (
    select * from {{ source('config', 'offers') }}
),

grants as (
    select * from {{ source('config', 'offer_grants') }}
)

select
    windows.version as card_version,
    windows.effective_from,
    windows.effective_to,
    windows.track_no,
    windows.booked_from,
    windows.booked_to,
    offers.offer,
    offers.price_amount,
    offers.price_currency,
    offers.sold_by,
    offers.every_count as plan_every_count,
    offers.every_unit as plan_every_unit,
    grants.grant_no,
    grants.wallet,
    grants.credits,
    grants.slabs_by,
    grants.kind,
    grants.priority,
    grants.expires,
    grants.expires_count,
    grants.expires_unit,
    grants.every_count,
    grants.every_unit,
    grants.max_per_month,
    grants.ssp,
    grants.expected_use,
    grants.kind in ('paid', 'bonus') as earns
from grants
inner join offers
    on
        grants.version = offers.version
        and grants.offer = offers.offer
inner join windows
    on grants.version = windows.version
