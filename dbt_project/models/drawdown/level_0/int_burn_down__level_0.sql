{{ config(enabled=(var('wallet_levels') | int > 0)) }}
{{ burn_down_at_level(0) }}
