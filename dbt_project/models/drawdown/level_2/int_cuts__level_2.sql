{{ config(enabled=(var('wallet_levels') | int > 2)) }}
{{ cuts_at_level(2) }}
