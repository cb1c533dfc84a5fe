{{ config(enabled=(var('wallet_levels') | int > 0)) }}
{{ handed_on_from_level(0) }}
