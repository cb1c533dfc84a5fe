{{ config(enabled=(var('wallet_levels') | int > 2)) }}
{{ segments_at_level(2) }}
