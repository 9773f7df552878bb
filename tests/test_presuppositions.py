"""What a question takes for given is checked, constants are followed to their values, and nothing shown is denied."""

from __future__ import annotations

from pathlib import Path

import pytest

from proofolio.answering.constants import named_in
from proofolio.core.records import Role, Status
from proofolio.settings import Settings
from proofolio.workflows import Portfolio, open_compiled

README = """# Orders

Sessions use tokens that carry a `jti` claim as a unique identifier for each token.

The tree:

```
tests/
  test_orders.py
  test_refunds.py
```
"""
TOKENS = '''"""Tokens."""
import jwt

LIFETIME_MINUTES = 20


def issue_token(user, now, secret):
    """Sign a token for a user who has logged in."""
    payload = {"sub": user.id, "exp": now + LIFETIME_MINUTES * 60}
    return jwt.encode(payload, secret, algorithm="HS256")
'''
TESTS = '''"""Tests of orders."""


def test_an_order_is_kept(store):
    store.add("order")
    assert store.all() == ["order"]
'''


@pytest.fixture(scope="module")
def portfolio(tmp_path_factory: pytest.TempPathFactory) -> Portfolio:
    root = tmp_path_factory.mktemp("orders")
    for name, text in {"README.md": README, "app/tokens.py": TOKENS, "tests/test_orders.py": TESTS}.items():
        path = Path(root) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return open_compiled(str(root), Settings(cache=str(tmp_path_factory.mktemp("cache"))), vectors="now")


def test_a_claim_whose_name_stands_nowhere_in_the_code_is_corrected(portfolio: Portfolio) -> None:
    answer = portfolio.ask("I read that each token carries a unique identifier. Where do you put it in?")
    assert answer.status is Status.PREMISE_CORRECTED
    first = answer.statements[0]
    assert first.role is Role.PREMISE and "`jti`" in first.text
    assert [c.path for c in first.citations] == ["README.md"]


def test_a_file_that_only_the_readme_lists_is_said_to_be_missing(portfolio: Portfolio) -> None:
    answer = portfolio.ask("Your README lists tests for refunds. Talk me through test refunds.")
    assert answer.status is Status.PREMISE_CORRECTED
    assert "`test_refunds.py`" in answer.statements[0].text


def test_a_file_that_is_there_is_not_denied(portfolio: Portfolio) -> None:
    answer = portfolio.ask("Your README lists tests for orders. Talk me through test orders.")
    assert not any("I found no" in s.text for s in answer.statements)
    assert any(c.path == "tests/test_orders.py" for s in answer.statements for c in s.citations)


def test_a_constant_is_said_with_its_value(portfolio: Portfolio) -> None:
    answer = portfolio.ask("When does a token that you sign for a user expire?")
    assert "`LIFETIME_MINUTES` is `20`" in answer.text or "`LIFETIME_MINUTES` to `20`" in answer.text


@pytest.mark.parametrize(
    ("clause", "named"),
    [
        ("sets `a` to `now + MAX_AGE`", ["MAX_AGE"]),
        ("sets `MAX_AGE` to `40`", []),
        ("calls `f(MAX_AGE, MIN_AGE)`", ["MAX_AGE", "MIN_AGE"]),
        ("checks `HTTP(200)`", []),
    ],
)
def test_constants_without_their_values_are_found(clause: str, named: list[str]) -> None:
    assert named_in([clause]) == named
