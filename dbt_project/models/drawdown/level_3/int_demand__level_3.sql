{{ config(enabled=(var('wallet_levels') | int > 3), materialized='view') }}
{{ demand_at_level(3) }}
