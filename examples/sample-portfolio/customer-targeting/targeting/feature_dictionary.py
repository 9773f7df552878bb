"""What each feature means and why it is there. docs/feature_dictionary.md is made from this.

"Order" is a customer-day (see data.to_orders). "Age" is days between the order and the cutoff.
Features that need two orders are missing for one-time buyers, and are left missing on purpose.
"""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .config import ROOT, model_features


@dataclass(frozen=True)
class Feature:
    group: str
    name: str
    definition: str
    reason: str


_ROWS = """
recency and frequency|orders_total|Orders up to the cutoff|Past orders are the plainest sign of loyalty
recency and frequency|recency_days|Days since the last order|The longer the silence, the likelier the customer is gone
recency and frequency|tenure_days|Days since the first order|Time at risk; grows with the calendar, not given to the models
recency and frequency|active_span_days|Days from first to last order|How long the relation lasted; bounded by tenure, not given to the models
recency and frequency|recency_share|recency_days / (tenure_days + 1)|Silence relative to the time known, comparable across cutoffs
recency and frequency|repeat_rate_month|Repeat orders per 30 days of tenure|Frequency that does not grow with the calendar
recency and frequency|is_one_timer|1 if there is exactly one order|Half of the base never came back; a group of its own for any campaign
recency and frequency|orders_30d|Orders with age < 30 days|Current activity
recency and frequency|orders_60d|Orders with age < 60 days|Current activity, less noisy
recency and frequency|orders_90d|Orders with age < 90 days|Activity over a window as long as the horizon
recency and frequency|orders_decay_30d|Sum of 2^(-age/30)|Frequency and recency in one number, short memory
recency and frequency|orders_decay_90d|Sum of 2^(-age/90)|The same with a quarter's memory
recency and frequency|active_months|Distinct 30-day blocks (counted back from the cutoff) with an order|Separates steady buyers from one busy week
recency and frequency|active_month_share|active_months / blocks since the first order|Steadiness, comparable across cutoffs
gaps|gap_mean|Mean days between orders|Usual rhythm
gaps|gap_median|Median days between orders|Rhythm without the one long break
gaps|gap_std|Standard deviation of gaps|How predictable the rhythm is
gaps|gap_min|Shortest gap|Signs of top-up orders
gaps|gap_max|Longest gap|Longest silence the customer has come back from
gaps|gap_last|Latest gap|Current rhythm
gaps|gap_first|Gap between first and second order|Speed of the second order is an early loyalty sign
gaps|gap_cv|gap_std / gap_mean|Irregularity, free of scale
gaps|gap_last_to_mean|gap_last / gap_mean|Above 1: slowing down
gaps|overdue_ratio|recency_days / gap_mean|Silence measured in the customer's own rhythm
gaps|overdue_vs_longest|recency_days / gap_max|Above 1: longer silent than ever before
gaps|second_order_30d|1 if the second order came within 30 days|Early habit
gaps|clumpiness|1 + sum(p ln p) / ln(orders), p = shares of tenure between orders|Binge buyers return in bursts (Zhang, Bradlow & Small 2013)
spend|spend_total|Dollars up to the cutoff|The M of RFM
spend|order_value_mean|Mean order value|Size of wallet per visit
spend|order_value_median|Median order value|The same without the one large order
spend|order_value_max|Largest order|Capacity to spend
spend|order_value_min|Smallest order|Low values point to promotion or filler orders
spend|order_value_std|Standard deviation of order value|Spend variability
spend|order_value_cv|order_value_std / order_value_mean|Spend variability, free of scale
spend|order_value_first|First order's value|Known for all customers, one-timers too
spend|order_value_last|Last order's value|Current basket
spend|last_value_to_mean|order_value_last / order_value_mean|Trading up or down
spend|spend_30d|Dollars with age < 30 days|Current spend
spend|spend_90d|Dollars with age < 90 days|Current spend over a horizon's length
spend|spend_decay_90d|Sum of value * 2^(-age/90)|Spend with fading memory
spend|spend_per_month|Dollars per 30 days of tenure|Spend that does not grow with the calendar
spend|spend_90d_share|spend_90d / spend_total|Is the money recent or history
spend|order_value_slope|Least-squares slope of value on order number|Trend in order size
trend|orders_change_45d|Orders in the last 45 days less the 45 before|Speeding up or slowing down
trend|late_half_orders_share|Share of orders in the later half of tenure|Is the activity early or late
trend|late_half_spend_share|Share of dollars in the later half of tenure|The same for money
calendar|weekend_share|Share of orders on Saturday or Sunday|Leisure shoppers
calendar|distinct_weekdays|Distinct weekdays with an order|Breadth of habit
calendar|month_start_share|Share of orders on days 1 to 10|Pay-day effect
calendar|acquired_day|Day of year of the first order|Acquisition wave; the log covers Jan 1 to Mar 25, 1997
calendar|acquired_weekend|1 if the first order was at a weekend|Acquisition context
calendar|last_order_weekend|1 if the last order was at a weekend|Context of the latest order
basket|cds_total|CDs up to the cutoff|Volume
basket|basket_mean|Mean CDs per order|Usual basket
basket|basket_max|Largest basket|Gift or stock-up orders
basket|basket_std|Standard deviation of basket size|Mixed use: some gifts, some for oneself
basket|basket_first|CDs in the first order|Known for all customers
basket|basket_last|CDs in the last order|Current basket
basket|single_cd_share|Share of orders with one CD|Collectors of single titles
basket|big_basket_share|Share of orders with 5 CDs or more|Bulk and gift orders
basket|price_per_cd|Dollars per CD|Price level: imports and box sets against sale items
basket|free_order_share|Share of orders with a value of zero|Vouchers and promotions
basket|multi_cart_share|Share of order days with two carts or more|Came back the same day
basket|basket_slope|Least-squares slope of CDs on order number|Trend in basket size
"""

FEATURES = [Feature(*line.split("|")) for line in _ROWS.strip().splitlines()]


def to_markdown() -> str:
    """The dictionary as a document."""
    used = set(model_features([f.name for f in FEATURES]))
    lines = [
        "# Feature dictionary", "",
        f"{len(FEATURES)} features, {len(used)} of them given to the models. Made from "
        "`targeting/feature_dictionary.py` by `reproduce.py`; edit there, not here.", "",
        "All are computed from orders on or before the cutoff. An order is one customer on one day; "
        "its age is the number of days from it to the cutoff. Features that need at least two orders "
        "are missing for one-time buyers: XGBoost gets them as missing, the logistic regression gets the "
        "median of the training rows.",
    ]
    for group in dict.fromkeys(f.group for f in FEATURES):
        lines += ["", f"## {group.capitalize()}", "", "| Feature | Definition | Why | In the models |", "|---|---|---|---|"]
        lines += [f"| `{f.name}` | {f.definition} | {f.reason} | {'yes' if f.name in used else 'no'} |"
                  for f in FEATURES if f.group == group]
    return "\n".join(lines) + "\n"


def write(path: Path = ROOT / "docs" / "feature_dictionary.md") -> None:
    path.write_text(to_markdown(), encoding="utf-8")
