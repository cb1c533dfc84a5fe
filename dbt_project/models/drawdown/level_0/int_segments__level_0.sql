{{ config(enabled=(var('wallet_levels') | int > 0)) }}
{{ segments_at_level(0) }}
