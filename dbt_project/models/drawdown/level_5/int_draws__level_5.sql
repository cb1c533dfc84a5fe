{{ config(enabled=(var('wallet_levels') | int > 5)) }}
{{ draws_at_level(5) }}
