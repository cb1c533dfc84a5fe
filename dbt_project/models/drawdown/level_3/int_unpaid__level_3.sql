{{ config(enabled=(var('wallet_levels') | int > 3)) }}
{{ unpaid_at_level(3) }}
