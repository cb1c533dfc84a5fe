{{ config(enabled=(var('wallet_levels') | int > 1), materialized='view') }}
{{ demand_at_level(1) }}
