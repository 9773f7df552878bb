"""An interviewer's words lead to the words that stand in work."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofolio.core.errors import PackError
from proofolio.evidence.compiled import compiled_path, fingerprint
from proofolio.evidence.concepts import (
    build,
    builtin_vocabulary,
    expand,
    load_vocabulary,
    pack_files,
    phrase_stems,
    stem,
)


def vocabulary(tmp_path: Path, *entries: dict[str, object]):  # type: ignore[no-untyped-def]
    pack = tmp_path / "concepts.yaml"
    pack.write_text(json.dumps(list(entries)), encoding="utf-8")
    return load_vocabulary(build([pack]))


# Questions in an interviewer's words, the concept meant, and a term that stands in code.
MEANT = [
    ("Why did you keep a held-out fifth?", "ml.holdout", "test_size"),
    ("How do you know it works on customers it has never seen before?", "ml.holdout", "train_test_split"),
    ("How long does a sign-in last?", "be.authentication", "login"),
    ("Are the credentials short-lived?", "be.token", "expire"),
    ("Who is turned away, and how?", "be.authorization", "403"),
    ("Who is pinged at night?", "ops.alerting", "alertmanager"),
    ("Could you put the old version back?", "ops.rollback", "rollback"),
    ("The people list is huge: what then?", "be.pagination", "offset"),
    ("What if users flip back and forth quickly?", "fe.race", "AbortController"),
    ("What if the same job runs twice?", "de.idempotency", "unique_key"),
    ("When does the client give up?", "de.retries", "max_retries"),
    ("How often do you try again, and with what back-off?", "de.retries", "backoff"),
    ("Somebody steals the disk: what can they read?", "sec.encryption-rest", "encrypt"),
    ("Which columns do you mask for analysts?", "sec.masking", "mask"),
    ("Could I navigate it without a mouse?", "fe.accessibility", "aria-label"),
    ("What did you write down when you decided, in an ADR?", "staff.decision-record", "adr"),
    ("Did you ever try restoring a backup?", "ops.restore-test", "pg_restore"),
    ("How were the hyper-parameters tuned?", "ml.tuning", "GridSearchCV"),
    ("How do you normalise the scores' calibration?", "ml.calibration", "calibration_curve"),
    ("A source renames a column overnight: then?", "de.schema-change", "on_schema_change"),
    ("Which row counts do you reconcile?", "de.volume-check", "row_count"),
    ("How do two dashboards avoid different numbers for the same thing?", "ae.metric-definition", "metrics"),
]
# Words that look alike and mean something else.
NOT_MEANT = [
    ("What response does it send?", "fe.responsive"),
    ("Who can access it?", "fe.accessibility"),
    ("Who is the author of this module?", "be.authorization"),
    ("Which machine learning did you do?", "staff.learning"),
    ("What experience do you have?", "ml.ab-test"),
    ("What sort of data is it?", "be.filtering"),
    ("How is this the case?", "ml.holdout"),
    ("Is this an important import?", "ml.interpretability"),
    ("What happens next?", "de.streaming"),
    ("Who are you?", "be.authorization"),
]


@pytest.mark.parametrize(("question", "concept", "term"), MEANT)
def test_a_question_leads_to_what_stands_in_code(question: str, concept: str, term: str) -> None:
    found = {e.concept: e for e in expand(question)}
    assert concept in found, f"{question}: {sorted(found)}"
    assert term in dict(found[concept].terms)
    assert question[found[concept].start : found[concept].end] == found[concept].text


@pytest.mark.parametrize(("question", "concept"), NOT_MEANT)
def test_alike_words_are_told_apart(question: str, concept: str) -> None:
    assert concept not in {e.concept for e in expand(question)}


def test_there_are_concepts_for_every_trade() -> None:
    concepts = builtin_vocabulary().concepts
    assert len(concepts) >= 350
    assert {c.partition(".")[0] for c in concepts} >= {
        "ml",
        "de",
        "ae",
        "db",
        "be",
        "fe",
        "sec",
        "ops",
        "qa",
        "staff",
    }


def test_the_compiled_pack_is_fresh() -> None:
    compiled = json.loads(compiled_path("concepts").read_text(encoding="utf-8"))
    assert compiled["sources"] == fingerprint(pack_files()), "run `python -m proofolio.evidence.compiled`"
    assert compiled["entries"] == build(pack_files())


def test_no_single_word_stands_in_many_concepts() -> None:
    """A word that means five things means none: it blurs every question that it stands in."""
    holders: dict[str, list[str]] = {}
    for concept in builtin_vocabulary().concepts.values():
        for stems, _ in concept.phrases:
            if len(stems) == 1:
                holders.setdefault(stems[0], []).append(concept.id)
    assert {word: ids for word, ids in holders.items() if len(ids) > 3} == {}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("normalise", "normalized"),
        ("ran", "running"),
        ("behaviour", "behaviors"),
        ("stolen", "steals"),
        ("retries", "retry"),
        ("Backups", "backup"),
        ("modelling", "modeling"),
    ],
)
def test_forms_of_one_word_share_a_stem(one: str, other: str) -> None:
    assert stem(one) == stem(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("response", "responsive"),
        ("author", "authorise"),
        ("access", "accessibility"),
        ("limit", "limitation"),
        ("replicate", "reply"),
    ],
)
def test_different_words_do_not(one: str, other: str) -> None:
    assert stem(one) != stem(other)


def test_function_words_do_not_break_a_phrase() -> None:
    assert phrase_stems("put back the old version") == phrase_stems("Put back an old version")


def test_one_other_word_may_stand_inside_a_phrase_and_not_two(tmp_path: Path) -> None:
    words = vocabulary(tmp_path, {"id": "a", "words": ["stop training"], "code": ["patience"]})
    assert expand("When do you stop the training?", words)[0].terms == (("patience", 1.0),)
    assert expand("When do you stop model training?", words)[0].terms == (("patience", 0.8),)
    assert expand("When do you stop big model training?", words) == []


def test_the_longest_phrase_wins_over_what_lies_inside_it(tmp_path: Path) -> None:
    words = vocabulary(
        tmp_path,
        {"id": "rollback", "words": ["old version back"], "code": ["rollback"]},
        {"id": "versions", "words": ["version"], "code": ["v1"]},
    )
    assert [e.concept for e in expand("Put the old version back", words)] == ["rollback"]
    assert [e.concept for e in expand("Which version?", words)] == ["versions"]


def test_weak_words_and_terms_weigh_less(tmp_path: Path) -> None:
    words = vocabulary(tmp_path, {"id": "a", "words": ["~limit", "throttle"], "code": ["limiter", "~count"]})
    (weak,), (strong,) = expand("a limit", words), expand("a throttle", words)
    assert weak.weight < strong.weight
    assert dict(strong.terms)["count"] < dict(strong.terms)["limiter"]


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"id": "a", "words": ["who may"], "code": ["x"]}, "too little"),
        ({"id": "a", "words": [], "code": ["x"]}, "'words'"),
        ({"id": "a", "words": ["churn"]}, "'code'"),
    ],
)
def test_a_malformed_concept_says_what_is_wrong(tmp_path: Path, entry: dict[str, object], says: str) -> None:
    with pytest.raises(PackError, match=says):
        vocabulary(tmp_path, entry)


def test_defining_a_concept_twice_is_an_error(tmp_path: Path) -> None:
    entry: dict[str, object] = {"id": "a", "words": ["churn"], "code": ["churn"]}
    with pytest.raises(PackError, match="defined twice"):
        vocabulary(tmp_path, entry, entry)


WORDS = [
    "old",
    "version",
    "back",
    "the",
    "people",
    "list",
    "é",
    "don't",
    "?",
    "A/B",
    "test",
    "k8s",
    "\n",
    "runs",
    "twice",
]


@given(st.text(max_size=150) | st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join))
def test_an_expansion_is_the_text_at_its_place_and_each_concept_comes_once(question: str) -> None:
    found = expand(question)
    assert all(question[e.start : e.end] == e.text for e in found)
    assert len({e.concept for e in found}) == len(found)
    assert all(0 < weight <= 1 for e in found for _, weight in e.terms)
