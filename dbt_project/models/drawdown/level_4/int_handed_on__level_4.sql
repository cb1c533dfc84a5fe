{{ config(enabled=(var('wallet_levels') | int > 4)) }}
{{ handed_on_from_level(4) }}
