{{ config(enabled=(var('wallet_levels') | int > 5), materialized='view') }}
{{ unpaid_at_level(5) }}
