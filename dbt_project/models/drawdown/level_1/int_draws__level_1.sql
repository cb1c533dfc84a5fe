{{ config(enabled=(var('wallet_levels') | int > 1)) }}
{{ draws_at_level(1) }}
