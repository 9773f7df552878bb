select {{ rule_columns('R4_geo_jump',
    "concat(g.prev_city, ' to ', g.city, ', ', g.distance_km, ' km at ', g.speed_kmh, ' km/h')") }}
from {{ ref('fct_transactions') }} as t
inner join {{ ref('feat_geo') }} as g using (txn_id)
where g.speed_kmh >= {{ var('geo_speed_min_kmh') }}
  and g.distance_km >= {{ var('geo_distance_min_km') }}
