"""The five simulated fraud patterns. The fifth is built to be invisible to the rules: without it
the measured recall would only say that the generator and the rules were written by one person."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

PATTERNS = {1: "card_testing", 2: "stolen_card_spree", 3: "account_takeover", 4: "cloned_card",
            5: "blends_in"}
EPISODE_SHARE = [0.17, 0.13, 0.28, 0.20, 0.22]


@dataclass
class Rows:
    """Columns of equal length; `device` -1 means none, `pattern` 0 means honest."""

    card: np.ndarray
    second: np.ndarray
    amount: np.ndarray
    city: np.ndarray
    online: np.ndarray
    device: np.ndarray
    mcc: np.ndarray
    pattern: np.ndarray

    def append(self, other: "Rows") -> "Rows":
        return Rows(*(np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self)))

    def take(self, index: np.ndarray) -> "Rows":
        return Rows(*(getattr(self, f.name)[index] for f in fields(self)))


def _episode(kind: int, rng: np.random.Generator, who: int, card: dict[str, np.ndarray], days: int,
             n_city: int) -> list[tuple[Any, ...]]:
    """(second, amount, city, online, device, mcc) of one fraud episode on one card."""
    t0 = int(rng.integers(3, days)) * 86_400 + int(rng.integers(0, 80_000))
    typical = float(np.exp(card["mu"][who]))
    home = int(card["home"][who])
    stranger = 50_000_000 + int(rng.integers(0, 9_000_000))
    if kind == 1:      # tiny probes, then (mostly) one large purchase
        out = [(t0 + int(k * rng.integers(60, 700)), float(rng.uniform(0.5, 2.4)), int(rng.integers(n_city)),
                True, stranger, 3) for k in range(int(rng.integers(3, 7)))]
        if rng.random() < 0.7:
            out.append((t0 + 5400, typical * rng.uniform(4, 14), int(rng.integers(n_city)), True, stranger, 4))
        return out
    if kind == 2:      # emptying a stolen card at tills near home
        gap = int(rng.integers(50, 260))
        return [(t0 + k * gap + int(rng.integers(0, 30)), typical * rng.uniform(0.8, 3.5), home, False, -1, 4)
                for k in range(int(rng.integers(4, 9)))]
    if kind == 3:      # one or two large orders from a device never seen before
        return [(t0 + k * int(rng.integers(600, 20_000)), typical * rng.uniform(2.2, 9), int(rng.integers(n_city)),
                 True, stranger, int(rng.choice([3, 4, 6, 7]))) for k in range(int(rng.integers(1, 3)))]
    if kind == 4:      # a copy used in another city, not timed to the owner's own payments
        far = int(rng.integers(n_city))
        return [(t0 + k * int(rng.integers(900, 9000)), typical * rng.uniform(1.0, 4.0), far, False, -1, 4)
                for k in range(int(rng.integers(1, 4)))]
    # kind 5: normal amount, the owner's own device, nothing unusual
    return [(t0, typical * rng.uniform(0.7, 1.8), int(rng.integers(n_city)), True, who * 10, 3)]


def fraud_rows(rng: np.random.Generator, days: int, card: dict[str, np.ndarray], n_city: int) -> Rows:
    """About one card in twelve is hit once in six weeks: 0.6 % of the transactions."""
    n_cards = card["home"].size
    n_episodes = max(3, round(n_cards * 0.082 * days / 42))
    victims = rng.choice(n_cards, n_episodes, replace=False)
    kinds = rng.choice(np.arange(1, 6), n_episodes, p=EPISODE_SHARE)
    records = [(who, *r, kind) for who, kind in zip(victims.tolist(), kinds.tolist())
               for r in _episode(kind, rng, who, card, days, n_city)]
    who, second, amount, city, online, device, mcc, pattern = map(np.array, zip(*records))
    return Rows(who, second, np.maximum(amount, 0.5), city, online, device, mcc, pattern)
