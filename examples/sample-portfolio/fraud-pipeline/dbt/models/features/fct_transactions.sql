{{ config(unique_key='txn_id', pre_hook={'sql': "{{ clear_window('file_date') }}", 'transaction': false}) }}

-- One row per transaction. The feed redelivers rows; the newest delivery wins.
-- Partitioned by delivery day, so the window is a delivery window: no late row can be missed here.
select * exclude (row_number, _loaded_at)
from {{ ref('stg_transactions') }}
{% if is_incremental() %}
where file_date >= {{ window_start('file_date') }}
{% endif %}
qualify row_number() over (partition by txn_id order by file_date desc, row_number desc) = 1
