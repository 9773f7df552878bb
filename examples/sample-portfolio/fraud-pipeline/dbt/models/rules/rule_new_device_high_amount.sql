-- "recent" (first 24 hours of a device) rather than only the first payment: a takeover often starts
-- with a small order and continues with a large one.
select {{ rule_columns('R3_new_device_high_amount',
    "concat('device ', d.device_id, ', ', round(t.amount_cents / 100.0 / p.typical_amount, 1), ' times typical')") }}
from {{ ref('fct_transactions') }} as t
inner join {{ ref('feat_device') }} as d using (txn_id)
inner join {{ ref('feat_amount_profile') }} as p using (txn_id)
where d.is_recent_device
  and t.amount_cents >= {{ var('new_device_amount_min') }} * 100
  and t.amount_cents / 100.0 >= {{ var('new_device_ratio_min') }} * p.typical_amount
