{{ config(severity='warn') }}
-- Rows that came later than the lookback window. They have no features until the next backfill.
select t.txn_id
from {{ ref('fct_transactions') }} as t
left join {{ ref('feat_card_velocity') }} as f using (txn_id)
where f.txn_id is null
