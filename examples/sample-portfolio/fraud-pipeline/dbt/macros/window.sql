{# First event day that an incremental run rebuilds.

   The runner passes a literal (oldest unprocessed delivery day minus the lookback), so DuckDB can
   skip whole partitions. By hand, without the variable, it falls back to the newest day in the table. #}
{% macro window_start(day_column) -%}
  {%- if var('window_from') -%}
    date '{{ var("window_from") }}'
  {%- else -%}
    (select coalesce(max({{ day_column }}), date '1970-01-01') - {{ var('late_lookback_days') }} from {{ this }})
  {%- endif -%}
{%- endmacro %}

{# delete+insert only removes keys that come back. A row that should no longer exist (a withdrawn
   delivery, an alert that a late row explained away) would stay for ever, so the window is emptied
   first.

   Runs before the model's transaction: DuckDB refuses to delete from a table and add a column to it in
   one transaction, which broke on_schema_change (docs/what-went-wrong.md). If the model then fails, its
   window stays empty until the next run; the ledger keeps the days pending and nothing is published. #}
{% macro clear_window(day_column) -%}
  {%- if is_incremental() -%}
    delete from {{ this }} where {{ day_column }} >= {{ window_start(day_column) }}
  {%- else -%}
    select 1
  {%- endif -%}
{%- endmacro %}
