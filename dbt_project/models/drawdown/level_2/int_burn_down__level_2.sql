{{ config(enabled=(var('wallet_levels') | int > 2)) }}
{{ burn_down_at_level(2) }}
