{{ config(enabled=(var('wallet_levels') | int > 1), materialized='view') }}
{{ unpaid_at_level(1) }}
