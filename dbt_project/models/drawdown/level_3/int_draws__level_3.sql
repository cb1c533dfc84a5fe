{{ config(enabled=(var('wallet_levels') | int > 3), materialized='view') }}
{{ draws_at_level(3) }}
