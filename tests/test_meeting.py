"""Words of a question are met alike, whether a line is looked at alone or with its passage."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofolio.answering.meeting import IN_CONTEXT, held_in, meets, met_by
from proofolio.answering.plan import Alternative, Term

_roots = st.sampled_from("abcdef")
_some = st.frozensets(_roots, max_size=4)


@st.composite
def _terms(draw: st.DrawFn) -> Term:
    others = draw(
        st.lists(st.tuples(st.frozensets(_roots, min_size=1, max_size=3), st.floats(0.05, 1)), max_size=3)
    )
    return Term(
        draw(_roots),
        draw(_roots),
        draw(st.floats(0.05, 1)),
        tuple(Alternative(" ".join(sorted(s)), s, w) for s, w in others),
    )


@given(st.lists(_terms(), max_size=4), _some, _some, _some)
def test_a_line_meets_what_its_passage_holds_as_it_meets_it_alone(
    terms: list[Term], own: frozenset[str], beside: frozenset[str], context: frozenset[str]
) -> None:
    """What ``held_in`` and ``met_by`` work out once a passage is what ``meets`` says of each line."""
    total, matched = met_by(own, held_in(terms, own | beside, context))
    alone = [(t, meets(t, own, context)) for t in terms]
    assert total == pytest.approx(sum(t.weight * share for t, share in alone))
    assert matched == {t.stem for t, share in alone if share > IN_CONTEXT}
