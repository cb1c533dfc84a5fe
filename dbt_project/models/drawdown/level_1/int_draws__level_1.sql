{{ config(enabled=(var('wallet_levels') | int > 1), materialized='view') }}
{{ draws_at_level(1) }}
