{{ config(enabled=(var('wallet_levels') | int > 1)) }}
{{ pieces_at_level(1) }}
