"""Every rule and topic that ships is proved by its own examples, read as the product reads files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from string import Formatter

import pytest

from proofolio.core.records import Document, FileEntry, SourceInfo
from proofolio.evidence.extractor import Extractor
from proofolio.evidence.rules import Example, Rule, Topic, builtin_rules, builtin_topics, fill
from proofolio.readers import read

RULES = builtin_rules()
TOPICS = builtin_topics()
TRADES = {
    "data-science", "data-engineering", "ml-engineering", "analytics-engineering", "backend", "frontend",
    "security", "devops", "database", "staff",
}
LIST_OF_LABELS = "labels"
_SLOT = re.compile(r"\{(\w+)\}")
# the traces that an empty slot leaves
_UNFILLED = re.compile(r"\s{2}|\s[.,;:](?:\s|$)|(?:^|[\s(])``(?:[\s),.]|$)|\s\(\s*\)")
_CELL = re.compile(r"^# %%(?! \[output\])(?P<kind>[^\n]*)\n", re.MULTILINE)
_OUTPUT = re.compile(r"^# (?:Output:|%% \[output\])\n", re.MULTILINE)


def document_of(example: Example) -> Document:
    """The document that a file holding the example would become.

    A notebook is written short: cells part at ``# %%`` or ``# %% [markdown]`` lines, and what stands
    after a ``# Output:`` or ``# %% [output]`` line is what the cell printed. Text that is JSON already stays as it is.
    """
    text = example.text
    if example.path.endswith(".ipynb") and not text.lstrip().startswith("{"):
        text = notebook_json(text)
    raw = text.encode()
    entry = FileEntry(path=example.path, size=len(raw), blob="", read=lambda: raw)
    document = read(entry, SourceInfo(name="example", kind="folder", location="."), lambda body, _: body)
    assert document is not None, f"{example.path} is of no kind that is read"
    return document


def notebook_json(text: str) -> str:
    """A version 4 notebook with the cells of ``text``."""
    parts = _CELL.split(text)
    cells = [("", parts[0])] if parts[0].strip() else []
    cells += list(zip(parts[1::2], parts[2::2], strict=True))
    return json.dumps(
        {
            "cells": [_cell(kind, body) for kind, body in cells],
            "metadata": {"language_info": {"name": "python"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
    )


def _cell(kind: str, body: str) -> dict[str, object]:
    if "markdown" in kind:
        return {"cell_type": "markdown", "metadata": {}, "source": body}
    source, *printed = _OUTPUT.split(body, maxsplit=1)
    outputs = [{"output_type": "stream", "name": "stdout", "text": out} for out in printed]
    return {"cell_type": "code", "metadata": {}, "execution_count": 1, "source": source, "outputs": outputs}


def by_id(items: Iterable[Rule | Topic]) -> list[object]:
    return [pytest.param(item, id=item.id) for item in items]


@pytest.mark.parametrize("rule", by_id(RULES))
def test_rule_finds_its_examples_and_says_them(rule: Rule) -> None:
    extractor = Extractor([rule])
    for example in rule.examples:
        said = [evidence.say for evidence in extractor.extract(document_of(example))]
        assert said, f"{rule.id} does not match its example {example.path}: {example.text!r}"
        assert not example.says or example.says in said


@pytest.mark.parametrize("rule", by_id(RULES))
def test_rule_leaves_its_near_misses_alone(rule: Rule) -> None:
    extractor = Extractor([rule])
    for example in rule.counterexamples:
        said = [evidence.say for evidence in extractor.extract(document_of(example))]
        assert not said, f"{rule.id} takes its counter-example {example.path}: {example.text!r}"


@pytest.mark.parametrize("rule", by_id(RULES))
def test_rule_is_well_formed(rule: Rule) -> None:
    assert set(rule.topics) <= TOPICS.keys()
    assert rule.strength in {1, 2, 3}
    assert not rule.label.rstrip().endswith("."), "a label is a noun phrase inside a sentence"
    assert rule.why.endswith("."), "the reason is a sentence"


@pytest.mark.parametrize("rule", by_id(RULES))
def test_rule_says_whole_sentences(rule: Rule) -> None:
    for example in rule.examples:
        for evidence in Extractor([rule]).extract(document_of(example)):
            assert not _UNFILLED.search(re.sub(r"`[^`]+`", "`x`", evidence.say)), evidence.say
            assert evidence.say.endswith((".", "!", "?", "”", "…")), f"no sentence: {evidence.say}"


@pytest.mark.parametrize("rule", by_id(RULES))
def test_rule_slots_can_be_filled(rule: Rule) -> None:
    given = {"key", "value", "path"} | {"name", "version", "args"}
    for matcher in rule.matchers:
        if matcher.pattern is not None:
            given |= matcher.pattern.groupindex.keys()
        if matcher.syntax:
            given |= {name.lower() for name in re.findall(r"\$+([A-Z_0-9]+)", matcher.syntax)}
    assert set(_SLOT.findall(rule.say + rule.label)) <= given


@pytest.mark.parametrize("topic", by_id(TOPICS.values()))
def test_topic_recognises_its_questions(topic: Topic) -> None:
    asked = [question for question in topic.examples if any(p.search(question) for p in topic.ask)]
    assert len(topic.examples) >= 4
    assert len(asked) * 2 >= len(topic.examples), f"{topic.id} recognises only {asked}"


@pytest.mark.parametrize("topic", by_id(TOPICS.values()))
def test_topic_is_well_formed(topic: Topic) -> None:
    known = {rule.id for rule in RULES}
    assert topic.trade in TRADES
    assert topic.vocabulary and topic.expects
    for lead in (topic.lead, topic.lead_third):
        assert [slot for _, slot, _, _ in Formatter().parse(lead) if slot] == [LIST_OF_LABELS]
        assert lead.endswith(".")
    for expectation in topic.expects:
        assert expectation.rules and set(expectation.rules) <= known, f"{topic.id}: {expectation.text}"
        assert not expectation.text.endswith("."), "what is expected is a noun phrase"


@pytest.mark.parametrize("topic", by_id(TOPICS.values()))
def test_topic_is_shown_by_some_rule(topic: Topic) -> None:
    assert any(topic.id in rule.topics for rule in RULES)


def test_values_with_brackets_are_said_as_they_are() -> None:
    values = {"key": "thresholds", "value": "{warn: 0.1} [[x]] {y}"}
    assert fill("`{key}` is `{value}`[[ in {unit}]].", values) == "`thresholds` is `{warn: 0.1} [[x]] {y}`."
    assert fill("`{key}`[[ is `{value}`]].", values) == "`thresholds` is `{warn: 0.1} [[x]] {y}`."
