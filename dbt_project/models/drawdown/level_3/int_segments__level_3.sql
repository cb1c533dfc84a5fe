{{ config(enabled=(var('wallet_levels') | int > 3)) }}
{{ segments_at_level(3) }}
