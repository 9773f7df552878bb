-- Switched off in rule_catalog (docs/decisions/0006-rules-switched-off.md). Kept, so that its precision can
-- be measured again when real labels exist.
select {{ rule_columns('R6_night_risky_category', "concat('category ', t.merchant_category_code)") }}
from {{ ref('fct_transactions') }} as t
where t.channel = 'online'
  and t.merchant_category_code in ('7995', '6051')
  and extract(hour from t.event_ts) < 6
