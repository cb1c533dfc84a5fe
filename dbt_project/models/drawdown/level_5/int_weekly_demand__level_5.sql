{{ config(enabled=(var('wallet_levels') | int > 5)) }}
{{ weekly_demand_at_level(5) }}
