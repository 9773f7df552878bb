from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from targeting import data


@pytest.fixture(scope="session")
def orders() -> pd.DataFrame:
    return data.load_orders()


@pytest.fixture(scope="session")
def some_orders(orders: pd.DataFrame) -> pd.DataFrame:
    """Every tenth customer, enough for the structural tests."""
    return orders[orders["customer_id"] % 10 == 0].reset_index(drop=True)


@pytest.fixture()
def rng() -> np.random.Generator:
    return np.random.default_rng(7)
