{{ config(unique_key='txn_id', pre_hook={'sql': "{{ clear_window('event_date') }}", 'transaction': false}) }}

-- Speed implied by two card-present payments in a row. Online payments carry the merchant's city and
-- say nothing about where the card is, so they are left out.
with scope as (
    select t.txn_id, t.card_id, t.event_ts, t.event_date, t.city, c.lat, c.lon
    from {{ ref('fct_transactions') }} as t
    inner join {{ ref('cities') }} as c on t.city = c.city
    where t.channel = 'pos'
    {% if is_incremental() %}
      -- a card that slept longer than this has no usable previous place; at 30 days any jump is possible
      and t.event_date >= {{ window_start('event_date') }} - {{ var('profile_days') + 1 }}
    {% endif %}
),

paired as (
    select
        *,
        lag(city) over previous as prev_city,
        lag(event_ts) over previous as prev_ts,
        lag(lat) over previous as prev_lat,
        lag(lon) over previous as prev_lon
    from scope
    window previous as (partition by card_id order by event_ts, txn_id)
),

measured as (
    select
        *,
        date_diff('second', prev_ts, event_ts) as gap_s,
        round({{ haversine_km('prev_lat', 'prev_lon', 'lat', 'lon') }}, 1) as distance_km
    from paired
    where prev_ts >= event_ts - interval {{ var('profile_days') }} days
)

select
    txn_id,
    card_id,
    event_date,
    prev_city,
    city,
    gap_s,
    distance_km,
    -- one minute at least: two tills in the same second are a clock question, not a speed
    round(distance_km / (greatest(gap_s, 60) / 3600.0), 1) as speed_kmh
from measured
{% if is_incremental() %}
where event_date >= {{ window_start('event_date') }}
{% endif %}
