{{ config(enabled=(var('wallet_levels') | int > 5)) }}
{{ handed_on_from_level(5) }}
