{{ config(enabled=(var('wallet_levels') | int > 0)) }}
{{ cuts_at_level(0) }}
