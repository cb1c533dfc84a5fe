{{ config(enabled=(var('wallet_levels') | int > 4)) }}
{{ draws_at_level(4) }}
