{{ config(enabled=(var('wallet_levels') | int > 0), materialized='view') }}
{{ draws_at_level(0) }}
