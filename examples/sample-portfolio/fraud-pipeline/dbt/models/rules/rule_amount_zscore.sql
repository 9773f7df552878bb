-- Switched off in rule_catalog (docs/decisions/0006-rules-switched-off.md), still measured.
select {{ rule_columns('R2_amount_zscore', "concat('z ', f.amount_zscore, ', typical ', f.typical_amount)") }}
from {{ ref('fct_transactions') }} as t
inner join {{ ref('feat_amount_profile') }} as f using (txn_id)
where f.amount_zscore >= {{ var('zscore_min') }}
  and f.n_prior >= {{ var('zscore_min_history') }}
