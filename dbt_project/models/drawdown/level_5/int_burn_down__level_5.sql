{{ config(enabled=(var('wallet_levels') | int > 5)) }}
{{ burn_down_at_level(5) }}
