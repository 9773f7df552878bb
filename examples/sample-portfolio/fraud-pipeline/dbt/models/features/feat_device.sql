{{ config(unique_key='txn_id', pre_hook={'sql': "{{ clear_window('event_date') }}", 'transaction': false}) }}

-- Has this card used this device before? Needs the whole history, so there is no window on the read
-- side; only two columns are read and the write side is windowed.
with first_use as (
    select
        card_id,
        device_id,
        min(event_ts) as first_seen_ts
    from {{ ref('fct_transactions') }}
    where device_id is not null
    group by 1, 2
),

card_start as (
    select card_id, min(event_ts) as card_first_ts
    from {{ ref('fct_transactions') }}
    where device_id is not null
    group by 1
)

select
    t.txn_id,
    t.card_id,
    t.event_date,
    t.device_id,
    f.first_seen_ts,
    -- the very first device of a card is not "new", there is nothing to compare it with
    t.event_ts = f.first_seen_ts and t.event_ts > c.card_first_ts as is_new_device,
    t.event_ts < f.first_seen_ts + interval 24 hours and f.first_seen_ts > c.card_first_ts as is_recent_device
from {{ ref('fct_transactions') }} as t
inner join first_use as f on t.card_id = f.card_id and t.device_id = f.device_id
inner join card_start as c on t.card_id = c.card_id
{% if is_incremental() %}
where t.event_date >= {{ window_start('event_date') }}
{% endif %}
