{{ config(enabled=(var('wallet_levels') | int > 3)) }}
{{ handed_on_from_level(3) }}
