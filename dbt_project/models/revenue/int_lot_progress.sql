-- One row per lot and booked period in which its credits or its money moved: parts of it settled, by cause.
--
-- Parts are what the consideration is shared over: the credits of a lot where revenue follows use, the minor
-- units of its consideration where it follows time. Breakage follows what expired or was voided, or its
-- estimate, which may take parts back. What is transferred goes with its parts; a lot that earns by time is not
-- transferred.

with

movements as (
    select * from {{ ref('int_lot_movements') }}
),

ratable as (
    select lot_no from {{ ref('int_ratable_lots') }}
),

-- What moves money though no credit need move: estimates, and time.
occasions as (
    select
        lot_no,
        booked_period,
        {{ zero_credits() }} as usage_parts,
        {{ zero_credits() }} as prior_period_parts,
        breakage_parts,
        escheat_parts,
        {{ zero_credits() }} as refund_parts
    from {{ ref('int_lot_estimates') }}
    union all
    select
        lot_no,
        booked_period,
        usage_parts,
        prior_period_parts,
        breakage_parts,
        {{ zero_credits() }} as escheat_parts,
        refund_parts
    from {{ ref('int_lot_schedules') }}
),

joined as (
    select
        coalesce(movements.lot_no, occasions.lot_no) as lot_no,
        coalesce(movements.booked_period, occasions.booked_period) as booked_period,
        {% for column in ['granted', 'transferred_in', 'drawn', 'drawn_late', 'lapsed', 'voided', 'refunded', 'transferred_out'] -%}
        coalesce(movements.{{ column }}, {{ zero_credits() }}) as {{ column }},
        {% endfor -%}
        occasions.lot_no is not null as is_occasion,
        occasions.usage_parts,
        occasions.prior_period_parts,
        occasions.breakage_parts,
        occasions.escheat_parts,
        occasions.refund_parts
    from movements
    full outer join occasions
        on
            movements.lot_no = occasions.lot_no
            and movements.booked_period = occasions.booked_period
)

select
    joined.lot_no,
    joined.booked_period,
    joined.granted,
    joined.transferred_in,
    joined.drawn,
    joined.drawn_late,
    joined.lapsed,
    joined.voided,
    joined.refunded,
    joined.transferred_out,
    ratable.lot_no is not null as follows_time,
    {% for column, moved in [
        ('usage_parts', 'joined.drawn'),
        ('prior_period_parts', 'joined.drawn_late'),
        ('refund_parts', 'joined.refunded')] -%}
    case
        when ratable.lot_no is null then {{ moved }}
        else coalesce(joined.{{ column }}, {{ zero_credits() }})
    end as {{ column }},
    {% endfor -%}
    case
        when ratable.lot_no is null and not joined.is_occasion
            then cast(joined.lapsed + joined.voided as {{ t_credits() }})
        else coalesce(joined.breakage_parts, {{ zero_credits() }})
    end as breakage_parts,
    coalesce(joined.escheat_parts, {{ zero_credits() }}) as escheat_parts,
    joined.transferred_out as transfer_parts
from joined
left join ratable
    on joined.lot_no = ratable.lot_no
