{{ config(enabled=(var('wallet_levels') | int > 0), materialized='view') }}
{{ unpaid_at_level(0) }}
