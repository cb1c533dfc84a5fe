{{ config(enabled=(var('wallet_levels') | int > 5), materialized='view') }}
{{ demand_at_level(5) }}
