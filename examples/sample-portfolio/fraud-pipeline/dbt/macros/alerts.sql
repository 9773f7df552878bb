{# One alert per card, rule and day: a spree of eight payments is one thing to look at, not eight. #}
{% macro alert_key(card, rule, day) -%}
  md5(concat_ws('|', {{ card }}, {{ rule }}, cast({{ day }} as varchar)))
{%- endmacro %}

{% macro severity(points) -%}
  case when {{ points }} >= 100 then 'critical'
       when {{ points }} >= 60 then 'high'
       when {{ points }} >= 50 then 'medium'
       else 'low' end
{%- endmacro %}

{# Columns that every rule model returns. #}
{% macro rule_columns(rule_id, evidence) -%}
  t.txn_id, t.card_id, t.event_ts, t.event_date, t.amount_cents,
  '{{ rule_id }}' as rule_id,
  {{ evidence }} as evidence
{%- endmacro %}
