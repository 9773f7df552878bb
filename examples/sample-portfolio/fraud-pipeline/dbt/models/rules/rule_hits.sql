-- Every rule in one list. Rules that are switched off stay in here, with enabled = false, so they can
-- be measured; mart_alerts takes only the enabled ones.
{% set rules = ['rule_velocity', 'rule_amount_zscore', 'rule_new_device_high_amount', 'rule_geo_jump',
                'rule_card_testing', 'rule_night_risky_category'] %}
with hits as (
    {% for rule in rules %}
    select * from {{ ref(rule) }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select hits.*, c.points, c.enabled
from hits
inner join {{ ref('rule_catalog') }} as c using (rule_id)
