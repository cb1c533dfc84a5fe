{{ config(enabled=(var('wallet_levels') | int > 5)) }}
{{ pieces_at_level(5) }}
