{{ config(enabled=(var('wallet_levels') | int > 4)) }}
{{ unpaid_at_level(4) }}
