{{ config(enabled=(var('wallet_levels') | int > 3)) }}
{{ draws_at_level(3) }}
