{{ config(enabled=(var('wallet_levels') | int > 2)) }}
{{ draws_at_level(2) }}
