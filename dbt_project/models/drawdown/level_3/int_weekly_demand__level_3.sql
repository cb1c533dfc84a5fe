{{ config(enabled=(var('wallet_levels') | int > 3)) }}
{{ weekly_demand_at_level(3) }}
