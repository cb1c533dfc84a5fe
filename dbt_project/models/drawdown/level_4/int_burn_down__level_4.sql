{{ config(enabled=(var('wallet_levels') | int > 4)) }}
{{ burn_down_at_level(4) }}
