{{ config(enabled=(var('wallet_levels') | int > 1)) }}
{{ handed_on_from_level(1) }}
