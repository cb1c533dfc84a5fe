{{ config(enabled=(var('wallet_levels') | int > 2)) }}
{{ pieces_at_level(2) }}
