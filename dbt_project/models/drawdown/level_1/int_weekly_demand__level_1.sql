{{ config(enabled=(var('wallet_levels') | int > 1)) }}
{{ weekly_demand_at_level(1) }}
