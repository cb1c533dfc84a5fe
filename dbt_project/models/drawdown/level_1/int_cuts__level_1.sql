{{ config(enabled=(var('wallet_levels') | int > 1)) }}
{{ cuts_at_level(1) }}
