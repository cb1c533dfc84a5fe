{{ config(enabled=(var('wallet_levels') | int > 2)) }}
{{ handed_on_from_level(2) }}
