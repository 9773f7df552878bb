-- Alerts and enabled hits must tell the same story in both directions, for all days: an alert without
-- a hit is a ghost from an earlier run, a hit without an alert was lost by the incremental window.
with expected as (
    select distinct {{ alert_key('card_id', 'rule_id', 'event_date') }} as alert_id
    from {{ ref('rule_hits') }}
    where enabled
)

select coalesce(e.alert_id, a.alert_id) as alert_id
from expected as e
full join {{ ref('mart_alerts') }} as a on e.alert_id = a.alert_id
where e.alert_id is null or a.alert_id is null
