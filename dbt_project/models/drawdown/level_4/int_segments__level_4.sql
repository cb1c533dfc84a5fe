{{ config(enabled=(var('wallet_levels') | int > 4)) }}
{{ segments_at_level(4) }}
