{{ config(enabled=(var('wallet_levels') | int > 0)) }}
{{ draws_at_level(0) }}
