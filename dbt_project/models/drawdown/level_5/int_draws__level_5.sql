{{ config(enabled=(var('wallet_levels') | int > 5), materialized='view') }}
{{ draws_at_level(5) }}
