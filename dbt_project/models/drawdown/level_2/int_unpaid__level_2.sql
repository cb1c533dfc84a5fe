{{ config(enabled=(var('wallet_levels') | int > 2)) }}
{{ unpaid_at_level(2) }}
