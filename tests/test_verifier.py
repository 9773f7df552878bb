"""The verifier drops what its citation does not carry."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proofolio.core.records import Document, DocumentKind, DraftAnswer, Place, Rank, Role, Statement, Status
from proofolio.verification.verifier import resolve, verify

TEXT = "import os\nTIMEOUT = 30\nRETRIES = 3\n\ndef call(url):\n    return fetch(url, timeout=TIMEOUT)\n"
DOCUMENT = Document("work", "src/call.py", DocumentKind.CODE, "python", TEXT, "0" * 64, "a" * 40, Rank.CODE)


class Shelf:
    def document(self, source: str, path: str) -> Document | None:
        return DOCUMENT if (source, path) == ("work", "src/call.py") else None


def verdict(text: str, *places: Place, role: Role = Role.EVIDENCE, status: Status = Status.ANSWERED) -> tuple[str, ...]:
    draft = DraftAnswer("q", status, (Statement(text, role, places),), fallback="Nothing of it holds.")
    return tuple(s.text for s in verify(draft, Shelf()).statements)


LINE_2 = Place("work", "src/call.py", 2, 2)


def test_what_stands_there_is_kept() -> None:
    assert verdict("`TIMEOUT` is set to `30`.", LINE_2) == ("`TIMEOUT` is set to `30`.",)


def test_a_wrong_number_is_dropped() -> None:
    assert verdict("The timeout is 60 seconds.", LINE_2) == ("Nothing of it holds.",)


def test_a_name_that_stands_nowhere_is_dropped() -> None:
    assert verdict("`BACKOFF` is set.", LINE_2) == ("Nothing of it holds.",)


def test_a_name_from_elsewhere_in_the_cited_file_may_be_the_subject() -> None:
    assert verdict("`call` uses `TIMEOUT`.", Place("work", "src/call.py", 6, 6)) == ("`call` uses `TIMEOUT`.",)


def test_a_statement_without_a_citation_is_dropped_unless_it_is_a_limit() -> None:
    assert verdict("It is fast.") == ("Nothing of it holds.",)
    assert verdict("No tests are shown.", role=Role.LIMIT) == ("No tests are shown.",)


def test_a_place_that_does_not_exist_is_dropped() -> None:
    assert verdict("`TIMEOUT` is `30`.", Place("work", "src/gone.py", 2, 2)) == ("Nothing of it holds.",)
    assert verdict("`TIMEOUT` is `30`.", Place("work", "src/call.py", 2, 99)) == ("Nothing of it holds.",)


def test_an_answer_that_loses_everything_abstains() -> None:
    draft = DraftAnswer("q", Status.ANSWERED, (Statement("`NOPE` is 7.", Role.LEAD, (LINE_2,)),))
    assert verify(draft, Shelf()).status is Status.NOT_SHOWN


@given(st.integers(-3, 12), st.integers(-3, 12))
def test_a_quote_is_exactly_the_cited_lines(start: int, end: int) -> None:
    citation = resolve(Place("work", "src/call.py", start, end), Shelf())
    lines = TEXT.split("\n")
    if 1 <= start <= end <= len(lines):
        assert citation is not None
        assert citation.quote == "\n".join(lines[start - 1 : end])
    else:
        assert citation is None
