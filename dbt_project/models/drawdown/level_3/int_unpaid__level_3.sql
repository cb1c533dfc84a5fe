{{ config(enabled=(var('wallet_levels') | int > 3), materialized='view') }}
{{ unpaid_at_level(3) }}
