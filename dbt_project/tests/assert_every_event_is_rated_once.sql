-- Fails for a usage event that was rated twice or not at all, and for a rated event nobody reported.

(
    select event_no from {{ ref('stg_usage') }}
    except all
    select event_no from {{ ref('int_events_rated') }}
)
union all
(
    select event_no from {{ ref('int_events_rated') }}
    except all
    select event_no from {{ ref('stg_usage') }}
)
