{{ config(enabled=(var('wallet_levels') | int > 4), materialized='view') }}
{{ demand_at_level(4) }}
