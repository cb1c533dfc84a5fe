{{ config(enabled=(var('wallet_levels') | int > 4)) }}
{{ cuts_at_level(4) }}
