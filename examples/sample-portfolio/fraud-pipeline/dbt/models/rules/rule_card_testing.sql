select {{ rule_columns('R5_card_testing', "concat(f.n_small_online_1h, ' tiny online payments in an hour')") }}
from {{ ref('fct_transactions') }} as t
inner join {{ ref('feat_card_velocity') }} as f using (txn_id)
where t.channel = 'online'
  and f.n_small_online_1h >= {{ var('testing_1h_min') }}
