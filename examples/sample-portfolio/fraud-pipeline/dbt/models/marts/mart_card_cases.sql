-- What the fraud desk opens: one case per card and day, worst first. Points add up over different
-- rules only, so one noisy rule cannot lift a case by firing often.
select
    {{ alert_key('card_id', "'case'", 'alert_date') }} as case_id,
    card_id,
    alert_date,
    cast(count(*) as integer) as n_rules,
    string_agg(rule_id, ', ' order by rule_id) as rules,
    cast(sum(points) as integer) as points,
    {{ severity('sum(points)') }} as severity,
    cast(max(amount_cents) as bigint) as largest_alert_cents,
    min(first_event_ts) as first_event_ts
from {{ ref('mart_alerts') }}
group by card_id, alert_date
