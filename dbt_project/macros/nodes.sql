{# A node is one wallet of one pool: the place where lots and demand meet. Its key is a number, for
   cheap joins; no figure depends on it. 9,999 wallets a book. #}
{% macro node_no(pool_no, wallet_rank) -%}
    cast({{ pool_no }} * 10000 + {{ wallet_rank }} as bigint)
{%- endmacro %}

{# The rank of a node's wallet. #}
{% macro wallet_rank_of(node_no) -%}
    {{ node_no }} % 10000
{%- endmacro %}

{# The place of a phase of a lot on its node's tape: its burn rank, and behind it the group of phases whose
   credits are capped together, so that the fold needs no second number. A node has fewer than a billion. #}
{% macro place_no(burn_rank, cap_group) -%}
    cast({{ burn_rank }} * 1000000000 + {{ cap_group }} as bigint)
{%- endmacro %}
{% macro cap_group_of(place_no) -%}({{ place_no }} % 1000000000){%- endmacro %}

{# The node of another wallet of the same pool. #}
{% macro node_beside(node_no, wallet_rank) -%}
    cast({{ node_no }} - {{ node_no }} % 10000 + {{ wallet_rank }} as bigint)
{%- endmacro %}
