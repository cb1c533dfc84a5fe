{{ config(enabled=(var('wallet_levels') | int > 4), materialized='view') }}
{{ draws_at_level(4) }}
