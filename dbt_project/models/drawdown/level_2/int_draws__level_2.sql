{{ config(enabled=(var('wallet_levels') | int > 2), materialized='view') }}
{{ draws_at_level(2) }}
