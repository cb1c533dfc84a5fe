{{ config(enabled=(var('wallet_levels') | int > 1)) }}
{{ segments_at_level(1) }}
