-- Names and types of the landed files, nothing else. The renamed column of layout v2 is absorbed here.
select
    txn_id,
    event_ts,
    cast(event_ts as date) as event_date,
    card_id,
    merchant_id,
    {% if var('raw_schema_version') >= 2 -%}
    merchant_category_code,
    entry_mode,
    {%- else -%}
    mcc as merchant_category_code,
    {%- endif %}
    cast(amount * 100 as bigint) as amount_cents,   -- integers add up the same in any order
    city,
    channel,
    device_id,
    cast(file_date as date) as file_date,
    _source_version as source_version,
    _row_number as row_number,
    _loaded_at
from {{ source('raw', 'transactions') }}
