{{ config(enabled=(var('wallet_levels') | int > 3)) }}
{{ pieces_at_level(3) }}
