-- One row per charge, as FOCUS 1.2 tells them: what was bought, used, left unused, billed in arrears and given back.
--
-- Costs are those of the books. Billed less effective cost is what is still owed in credits (docs/pricing.md).
-- Used as a template: {zone} is the time zone of the book, {functional} its currency.

with

customers as (
    select
        payer.customer_id as pool_id,
        coalesce(payer.name, payer.customer_id) as pool_name,
        who.customer_no,
        who.customer_id,
        coalesce(who.name, who.customer_id) as customer_name
    from staging.stg_customers as who
    inner join staging.stg_customers as payer
        on who.pool_id = payer.customer_id
),

wallets as (
    select
        wallet,
        case when is_money then currency else wallet end as pricing_currency
    from raw.wallets
),

described as (
    select
        property_set_no,
        '{' || string_agg(
            to_json('x_' || property) || ': ' || to_json(value), ', ' order by property) || '}' as details
    from raw.property_values
    group by property_set_no
),

meters as (
    select
        sets.property_set_no,
        sets.meter,
        meters.unit,
        described.details
    from staging.stg_property_sets as sets
    inner join raw.meters as meters
        on sets.meter = meters.meter
    left join described
        on sets.property_set_no = described.property_set_no
),

-- What a pack costs by its card, where it was sold for another price: a discount. Its lots share it as they share
-- what was paid. What has no price of its own was sold for what it was sold for.
listed as (
    select
        lots.lot_no,
        cast(offers.price_amount * lots.quantity as decimal(28, 9)) as list_price,
        sum(lots.consideration) over (partition by lots.origin_id) as paid
    from revenue.int_lot_values as lots
    inner join raw.offers as offers
        on
            lots.card_version = offers.version
            and lots.offer = offers.offer
            and lots.currency = offers.price_currency
    where
        lots.origin = 'payment'
        and coalesce(offers.sold_by, 'quantity') <> 'amount'
        and lots.consideration > 0
),

lots as (
    select
        lots.*,
        wallets.pricing_currency,
        coalesce(lots.currency, '{functional}') as billing_currency,
        case
            when listed.lot_no is null then cast(lots.consideration as decimal(28, 9))
            else part(listed.list_price, lots.consideration, listed.paid)
        end as list_value
    from revenue.int_lot_values as lots
    inner join wallets
        on lots.wallet = wallets.wallet
    left join listed
        on lots.lot_no = listed.lot_no
),

purchases as (
    select
        customers.pool_id,
        customers.pool_name,
        customers.customer_id,
        customers.customer_name,
        lots.billing_currency,
        lots.booked_period,
        'Purchase' as category,
        cast(null as varchar) as class,
        'Credits bought: ' || coalesce(lots.offer, lots.wallet) as description,
        case when lots.subscription_id is null then 'One-Time' else 'Recurring' end as frequency,
        lots.effective_at as charged_from,
        coalesce(lots.expires_at, local_to_utc(cast(lots.booked_period + interval 1 month as timestamp))) as charged_to,
        cast(lots.consideration as decimal(28, 9)) as billed_cost,
        cast(0 as decimal(28, 9)) as effective_cost,
        cast(lots.consideration as decimal(28, 9)) as contracted_cost,
        lots.list_value as list_cost,
        lots.billing_currency as pricing_currency,
        cast(0 as decimal(28, 9)) as pricing_cost,
        cast(lots.consideration as decimal(28, 9)) as pricing_contracted,
        lots.list_value as pricing_listed,
        lots.credits as quantity,
        lots.pricing_currency as unit,
        lots.wallet as meter,
        coalesce(lots.offer, lots.wallet) as sku,
        coalesce(lots.offer, lots.wallet) || coalesce('@' || lots.card_version, '') as sku_price,
        cast(null as varchar) as details,
        lots.payment_id as invoice,
        lots.lot_id
    from lots
    inner join customers
        on lots.customer_id = customers.customer_id
    where
        lots.consideration > 0
        and lots.transferred_from is null
),

events as (
    select
        rated.event_no,
        rated.quantity,
        rated.cost,
        rated.rate_no,
        rates.rate_id,
        rates.version,
        cast(date_trunc('day', utc_to_local(usage.occurred_at)) as timestamp) as day
    from pricing.int_events_rated as rated
    inner join raw.usage as usage
        on rated.event_no = usage.event_no
    inner join raw.rates as rates
        on rated.rate_no = rates.rate_no
),

-- What a draw pays of an event, in units: the part of the cost of the whole event in that wallet.
draws as (
    select
        draws.lot_no,
        cast(date_trunc('month', utc_to_local(draws.booked_at)) as date) as booked_period,
        draws.service_period,
        draws.customer_no,
        draws.property_set_no,
        events.day,
        events.rate_id,
        events.version,
        draws.credits,
        part(
            events.quantity,
            draws.credits,
            case
                when draws.position = 1 then events.cost
                when chain.is_tiered then tiered.cost
                else cast(
                    part(events.quantity, chain.numerator, chain.denominator) * chain.quantum as decimal(28, 9))
            end
        ) as quantity
    from drawdown.int_draws as draws
    inner join events
        on draws.event_no = events.event_no
    inner join pricing.int_rate_chain as chain
        on
            events.rate_no = chain.rate_no
            and draws.position = chain.position
    left join pricing.int_tiered_costs as tiered
        on
            draws.event_no = tiered.event_no
            and draws.position = tiered.position
),

drawn as (
    select
        lot_no,
        booked_period,
        service_period,
        customer_no,
        property_set_no,
        day,
        rate_id,
        version,
        cast(sum(credits) as decimal(28, 9)) as credits,
        cast(sum(quantity) as decimal(28, 9)) as quantity
    from draws
    group by all
),

-- The revenue of a lot, month and property set, shared by days and rates: differences of running totals.
shared as (
    select
        drawn.*,
        shares.revenue,
        cast(sum(drawn.credits) over days as decimal(28, 9)) as credits_to,
        shares.credits as credits_total
    from drawn
    inner join customers
        on drawn.customer_no = customers.customer_no
    inner join revenue.int_usage_revenue_shares as shares
        on
            drawn.lot_no = shares.lot_no
            and drawn.booked_period = shares.booked_period
            and drawn.service_period = shares.service_period
            and customers.customer_id = shares.customer_id
            and drawn.property_set_no = shares.property_set_no
    window days as (
        partition by drawn.lot_no, drawn.booked_period, drawn.service_period, drawn.customer_no, drawn.property_set_no
        order by drawn.day, drawn.rate_id, drawn.version
        rows unbounded preceding
    )
),

used as (
    select
        customers.pool_id,
        customers.pool_name,
        customers.customer_id,
        customers.customer_name,
        lots.billing_currency,
        shared.booked_period,
        'Usage' as category,
        case when shared.service_period < shared.booked_period then 'Correction' end as class,
        'Paid with credits: ' || shared.rate_id as description,
        'Usage-Based' as frequency,
        local_to_utc(shared.day) as charged_from,
        local_to_utc(shared.day + interval 1 day) as charged_to,
        cast(0 as decimal(28, 9)) as billed_cost,
        part(shared.revenue, shared.credits_to, shared.credits_total)
        - part(shared.revenue, shared.credits_to - shared.credits, shared.credits_total) as effective_cost,
        part(lots.consideration, shared.credits, lots.credits) as contracted_cost,
        part(lots.list_value, shared.credits, lots.credits) as list_cost,
        lots.pricing_currency,
        shared.credits as pricing_cost,
        shared.credits as pricing_contracted,
        shared.credits as pricing_listed,
        shared.quantity,
        meters.unit,
        meters.meter,
        shared.rate_id as sku,
        shared.rate_id || '@' || shared.version as sku_price,
        meters.details,
        cast(null as varchar) as invoice,
        lots.lot_id
    from shared
    inner join lots
        on shared.lot_no = lots.lot_no
    inner join customers
        on shared.customer_no = customers.customer_no
    inner join meters
        on shared.property_set_no = meters.property_set_no
),

-- What no credit paid for: sold in arrears, or served for nothing.
beyond as (
    select
        uncovered.customer_no,
        uncovered.property_set_no,
        cast(date_trunc('month', utc_to_local(uncovered.booked_at)) as date) as booked_period,
        uncovered.service_period,
        uncovered.wallet,
        uncovered.currency,
        uncovered.entry_type,
        events.day,
        events.rate_id,
        events.version,
        cast(sum(uncovered.quantity) as decimal(28, 9)) as quantity,
        cast(sum(uncovered.amount) as decimal(28, 9)) as unrounded
    from drawdown.int_uncovered as uncovered
    inner join events
        on uncovered.event_no = events.event_no
    group by all
),

billed as (
    select
        beyond.*,
        customers.pool_id,
        customers.pool_name,
        customers.customer_id,
        customers.customer_name,
        coalesce(overage.amount, 0) as amount,
        overage.unrounded_amount as total,
        cast(sum(beyond.unrounded) over days as decimal(28, 9)) as unrounded_to
    from beyond
    inner join customers
        on beyond.customer_no = customers.customer_no
    left join revenue.int_overage_billed as overage
        on
            beyond.entry_type = 'overage'
            and customers.customer_id = overage.customer_id
            and beyond.booked_period = overage.booked_period
            and beyond.service_period = overage.service_period
            and beyond.property_set_no = overage.property_set_no
            and beyond.wallet is not distinct from overage.wallet
            and beyond.currency = overage.currency
    window days as (
        partition by
            beyond.customer_no, beyond.property_set_no, beyond.booked_period, beyond.service_period, beyond.wallet,
            beyond.currency, beyond.entry_type
        order by beyond.day, beyond.rate_id, beyond.version
        rows unbounded preceding
    )
),

charged as (
    select
        billed.*,
        part(billed.amount, billed.unrounded_to, billed.total)
        - part(billed.amount, billed.unrounded_to - billed.unrounded, billed.total) as cost
    from billed
),

arrears as (
    select
        charged.pool_id,
        charged.pool_name,
        charged.customer_id,
        charged.customer_name,
        coalesce(charged.currency, '{functional}') as billing_currency,
        charged.booked_period,
        'Usage' as category,
        case when charged.service_period < charged.booked_period then 'Correction' end as class,
        case charged.entry_type when 'overage' then 'Billed in arrears: ' else 'Paid for by nobody: ' end
        || charged.rate_id as description,
        'Usage-Based' as frequency,
        local_to_utc(charged.day) as charged_from,
        local_to_utc(charged.day + interval 1 day) as charged_to,
        charged.cost as billed_cost,
        charged.cost as effective_cost,
        charged.cost as contracted_cost,
        charged.cost as list_cost,
        coalesce(charged.currency, '{functional}') as pricing_currency,
        charged.cost as pricing_cost,
        charged.cost as pricing_contracted,
        charged.cost as pricing_listed,
        charged.quantity,
        meters.unit,
        meters.meter,
        charged.rate_id as sku,
        charged.rate_id || '@' || charged.version as sku_price,
        meters.details,
        cast(null as varchar) as invoice,
        cast(null as varchar) as lot_id
    from charged
    inner join meters
        on charged.property_set_no = meters.property_set_no
),

-- What a month costs beside its usage. Unused: what lapsed, was expected to, or passed with time. Taken back: the
-- part of what is given back that had never been an effective cost, so it takes none away.
settled as (
    select
        settlements.lot_no,
        settlements.booked_period,
        settlements.breakage_revenue + settlements.escheat_release
        + case when settlements.drawn = 0 then settlements.usage_revenue else 0 end
        + case when settlements.drawn_late = 0 then settlements.prior_period_revenue else 0 end as unused,
        settlements.refund_release as taken_back
    from revenue.int_lot_settlements as settlements
),

fees as (
    select lot_no, booked_period, 'Unused credits: ' as words, unused as cost from settled where unused <> 0
    union all
    select lot_no, booked_period, 'Credits taken back: ' as words, taken_back as cost from settled where taken_back <> 0
),

adjustments as (
    select
        customers.pool_id,
        customers.pool_name,
        customers.customer_id,
        customers.customer_name,
        lots.billing_currency,
        fees.booked_period,
        'Adjustment' as category,
        cast(null as varchar) as class,
        fees.words || coalesce(lots.offer, lots.wallet) as description,
        case when lots.subscription_id is null then 'One-Time' else 'Recurring' end as frequency,
        local_to_utc(cast(fees.booked_period as timestamp)) as charged_from,
        local_to_utc(cast(fees.booked_period + interval 1 month as timestamp)) as charged_to,
        cast(0 as decimal(28, 9)) as billed_cost,
        cast(fees.cost as decimal(28, 9)) as effective_cost,
        cast(0 as decimal(28, 9)) as contracted_cost,
        cast(0 as decimal(28, 9)) as list_cost,
        lots.billing_currency as pricing_currency,
        cast(fees.cost as decimal(28, 9)) as pricing_cost,
        cast(null as decimal(28, 9)) as pricing_contracted,
        cast(null as decimal(28, 9)) as pricing_listed,
        cast(null as decimal(28, 9)) as quantity,
        cast(null as varchar) as unit,
        lots.wallet as meter,
        coalesce(lots.offer, lots.wallet) as sku,
        coalesce(lots.offer, lots.wallet) || coalesce('@' || lots.card_version, '') as sku_price,
        cast(null as varchar) as details,
        lots.payment_id as invoice,
        lots.lot_id
    from fees
    inner join lots
        on fees.lot_no = lots.lot_no
    inner join customers
        on lots.customer_id = customers.customer_id
),

sold_in as (
    select
        payment_id,
        booked_period
    from staging.stg_payments
),

-- A payout of a balance gives back what its credit note already did. A purchase has no effective cost, so what is
-- given back takes the two off in rows of their own.
given_back as (
    select
        given.*,
        cast(given.share_amount - given.share_tax as decimal(28, 9)) as net,
        sold_in.booked_period < given.booked_period as is_later
    from drawdown.int_give_backs as given
    left join sold_in
        on given.original_id = sold_in.payment_id
    where
        not given.is_payout
        and given.share_amount > given.share_tax
),

taken_off as (
    select *, 'Given back: ' as words, net as billed, cast(0 as decimal(28, 9)) as effective from given_back
    union all
    select *, 'Cost of what was given back: ' as words, cast(0 as decimal(28, 9)) as billed, net as effective
    from given_back
),

corrections as (
    select
        customers.pool_id,
        customers.pool_name,
        customers.customer_id,
        customers.customer_name,
        given.currency as billing_currency,
        given.booked_period,
        case when given.is_later and given.billed > 0 then 'Purchase' else 'Adjustment' end as category,
        case when given.is_later then 'Correction' end as class,
        given.words || given.cause as description,
        'One-Time' as frequency,
        local_to_utc(cast(given.booked_period as timestamp)) as charged_from,
        local_to_utc(cast(given.booked_period + interval 1 month as timestamp)) as charged_to,
        cast(-given.billed as decimal(28, 9)) as billed_cost,
        cast(-given.effective as decimal(28, 9)) as effective_cost,
        cast(-given.billed as decimal(28, 9)) as contracted_cost,
        cast(-given.billed as decimal(28, 9)) as list_cost,
        given.currency as pricing_currency,
        cast(-given.effective as decimal(28, 9)) as pricing_cost,
        cast(null as decimal(28, 9)) as pricing_contracted,
        cast(null as decimal(28, 9)) as pricing_listed,
        cast(null as decimal(28, 9)) as quantity,
        cast(null as varchar) as unit,
        cast(null as varchar) as meter,
        cast(null as varchar) as sku,
        cast(null as varchar) as sku_price,
        cast(null as varchar) as details,
        given.payment_id as invoice,
        cast(null as varchar) as lot_id
    from taken_off as given
    inner join customers
        on given.customer_id = customers.customer_id
),

charges as (
    select * from purchases
    union all
    select * from used
    union all
    select * from arrears
    union all
    select * from adjustments
    union all
    select * from corrections
)

select
    billed_cost as BilledCost,
    pool_id as BillingAccountId,
    pool_name as BillingAccountName,
    billing_currency as BillingCurrency,
    local_to_utc(cast(booked_period + interval 1 month as timestamp)) as BillingPeriodEnd,
    local_to_utc(cast(booked_period as timestamp)) as BillingPeriodStart,
    category as ChargeCategory,
    class as ChargeClass,
    description as ChargeDescription,
    frequency as ChargeFrequency,
    charged_to as ChargePeriodEnd,
    charged_from as ChargePeriodStart,
    case when category = 'Usage' then quantity end as ConsumedQuantity,
    case when category = 'Usage' then unit end as ConsumedUnit,
    contracted_cost as ContractedCost,
    unit_price(contracted_cost, quantity) as ContractedUnitPrice,
    effective_cost as EffectiveCost,
    invoice as InvoiceId,
    $entity as InvoiceIssuerName,
    list_cost as ListCost,
    unit_price(list_cost, quantity) as ListUnitPrice,
    case when quantity is not null then 'Standard' end as PricingCategory,
    pricing_currency as PricingCurrency,
    unit_price(pricing_contracted, quantity) as PricingCurrencyContractedUnitPrice,
    pricing_cost as PricingCurrencyEffectiveCost,
    unit_price(pricing_listed, quantity) as PricingCurrencyListUnitPrice,
    quantity as PricingQuantity,
    unit as PricingUnit,
    $entity as ProviderName,
    $entity as PublisherName,
    $category as ServiceCategory,
    $entity as ServiceName,
    $subcategory as ServiceSubcategory,
    sku as SkuId,
    meter as SkuMeter,
    details as SkuPriceDetails,
    sku_price as SkuPriceId,
    case when customer_id <> pool_id then customer_id end as SubAccountId,
    case when customer_id <> pool_id then customer_name end as SubAccountName,
    cast(null as varchar) as Tags,
    lot_id as x_LotId
from charges
order by all
