{{ config(unique_key='txn_id', pre_hook={'sql': "{{ clear_window('event_date') }}", 'transaction': false}) }}

-- How unusual is the amount for this card? Log scale, because amounts are skewed. The payment itself
-- and everything after it is outside the frame: a profile that contains the outlier hides it.
with scope as (
    select txn_id, card_id, event_ts, event_date, ln(amount_cents / 100.0) as ln_amount
    from {{ ref('fct_transactions') }}
    {% if is_incremental() %}
    where event_date >= {{ window_start('event_date') }} - {{ var('profile_days') + 1 }}
    {% endif %}
),

profiled as (
    select
        txn_id,
        card_id,
        event_date,
        ln_amount,
        count(*) over history as n_prior,
        avg(ln_amount) over history as mean_prior,
        stddev_samp(ln_amount) over history as sd_prior
    from scope
    window history as (
        partition by card_id order by event_ts
        range between interval {{ var('profile_days') }} days preceding and interval 1 second preceding)
)

select
    txn_id,
    card_id,
    event_date,
    n_prior,
    round(exp(mean_prior), 2) as typical_amount,
    -- rounded: the last bits of a floating-point mean depend on the order of the rows. The floor on
    -- the spread keeps a card with five identical payments from alerting on the sixth.
    case when n_prior >= 2 then round((ln_amount - mean_prior) / greatest(sd_prior, 0.25), 4) end as amount_zscore
from profiled
{% if is_incremental() %}
where event_date >= {{ window_start('event_date') }}
{% endif %}
