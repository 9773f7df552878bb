select {{ rule_columns('R1_velocity', "concat(f.n_10m, ' payments in 10 minutes')") }}
from {{ ref('fct_transactions') }} as t
inner join {{ ref('feat_card_velocity') }} as f using (txn_id)
where f.n_10m >= {{ var('velocity_10m_min') }}
