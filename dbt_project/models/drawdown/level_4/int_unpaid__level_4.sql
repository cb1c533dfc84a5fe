{{ config(enabled=(var('wallet_levels') | int > 4), materialized='view') }}
{{ unpaid_at_level(4) }}
