{{ config(enabled=(var('wallet_levels') | int > 2)) }}
{{ weekly_demand_at_level(2) }}
