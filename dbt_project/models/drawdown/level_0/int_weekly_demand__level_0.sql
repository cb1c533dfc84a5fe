{{ config(enabled=(var('wallet_levels') | int > 0)) }}
{{ weekly_demand_at_level(0) }}
