{{ config(enabled=(var('wallet_levels') | int > 4)) }}
{{ weekly_demand_at_level(4) }}
