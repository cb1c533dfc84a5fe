{{ config(enabled=(var('wallet_levels') | int > 5)) }}
{{ segments_at_level(5) }}
