{{ config(enabled=(var('wallet_levels') | int > 1)) }}
{{ burn_down_at_level(1) }}
