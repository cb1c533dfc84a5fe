{{ config(enabled=(var('wallet_levels') | int > 2), materialized='view') }}
{{ demand_at_level(2) }}
