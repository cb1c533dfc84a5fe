{{ config(enabled=(var('wallet_levels') | int > 0), materialized='view') }}
{{ demand_at_level(0) }}
