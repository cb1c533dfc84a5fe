{{ config(enabled=(var('wallet_levels') | int > 1)) }}
{{ unpaid_at_level(1) }}
