{{ config(enabled=(var('wallet_levels') | int > 0)) }}
{{ pieces_at_level(0) }}
