{{ config(enabled=(var('wallet_levels') | int > 5)) }}
{{ unpaid_at_level(5) }}
