{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='alert_id',
          on_schema_change='append_new_columns', pre_hook={'sql': "{{ clear_window('alert_date') }}", 'transaction': false},
          contract={'enforced': true}) }}

select
    {{ alert_key('card_id', 'rule_id', 'event_date') }} as alert_id,
    card_id,
    rule_id,
    event_date as alert_date,
    min(event_ts) as first_event_ts,
    max(event_ts) as last_event_ts,
    cast(count(*) as integer) as n_txns,
    cast(sum(amount_cents) as bigint) as amount_cents,
    cast(max(points) as integer) as points,
    arg_max(evidence, (event_ts, txn_id)) as evidence
from {{ ref('rule_hits') }}
where enabled
{% if is_incremental() %}
  and event_date >= {{ window_start('alert_date') }}
{% endif %}
group by card_id, rule_id, event_date
