{{ config(enabled=(var('wallet_levels') | int > 0)) }}
{{ unpaid_at_level(0) }}
