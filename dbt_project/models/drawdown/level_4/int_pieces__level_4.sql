{{ config(enabled=(var('wallet_levels') | int > 4)) }}
{{ pieces_at_level(4) }}
