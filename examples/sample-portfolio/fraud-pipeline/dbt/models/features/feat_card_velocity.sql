{{ config(unique_key='txn_id', pre_hook={'sql': "{{ clear_window('event_date') }}", 'transaction': false}) }}

-- Counts over time windows that end with the payment itself. One pass of window frames instead of a
-- self-join: docs/query-tuning.md, query 1.
with scope as (
    select * from {{ ref('fct_transactions') }}
    {% if is_incremental() %}
    where event_date >= {{ window_start('event_date') }} - 1   -- the longest frame is 24 hours
    {% endif %}
),

framed as (
    select
        txn_id,
        card_id,
        event_ts,
        event_date,
        count(*) over last_10m as n_10m,
        count(*) over last_1h as n_1h,
        count(*) over last_24h as n_24h,
        cast(sum(amount_cents) over last_24h as bigint) as amount_24h_cents,
        count(*) filter (
            where channel = 'online' and amount_cents <= {{ var('testing_small_amount') }} * 100
        ) over last_1h as n_small_online_1h
    from scope
    window
        last_10m as (partition by card_id order by event_ts
                     range between interval 10 minutes preceding and current row),
        last_1h as (partition by card_id order by event_ts
                    range between interval 1 hour preceding and current row),
        last_24h as (partition by card_id order by event_ts
                     range between interval 24 hours preceding and current row)
)

select * from framed
{% if is_incremental() %}
where event_date >= {{ window_start('event_date') }}
{% endif %}
