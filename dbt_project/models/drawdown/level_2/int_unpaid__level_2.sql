{{ config(enabled=(var('wallet_levels') | int > 2), materialized='view') }}
{{ unpaid_at_level(2) }}
