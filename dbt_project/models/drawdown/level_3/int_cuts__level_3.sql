{{ config(enabled=(var('wallet_levels') | int > 3)) }}
{{ cuts_at_level(3) }}
