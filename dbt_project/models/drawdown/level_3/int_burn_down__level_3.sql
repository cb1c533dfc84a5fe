{{ config(enabled=(var('wallet_levels') | int > 3)) }}
{{ burn_down_at_level(3) }}
