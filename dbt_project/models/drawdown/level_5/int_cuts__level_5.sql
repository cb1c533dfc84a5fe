{{ config(enabled=(var('wallet_levels') | int > 5)) }}
{{ cuts_at_level(5) }}
