"""The persona packs are complete, and a wrong one is told by its file and its field."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from proofolio.core.errors import PackError, UsageError
from proofolio.rehearsal.personas import Persona, builtin_known, load_personas, persona_files, read_persona

PERSONA: dict[str, Any] = {
    "id": "recruiter",
    "name": "Kim Lee",
    "role": "Recruiter",
    "trade": "staff",
    "bio": "Reads for ten minutes.",
    "scenarios": [
        {
            "id": "loads",
            "title": "Loads",
            "question": "Can you run it twice?",
            "phrasings": ["What if it runs again?"],
            "follow_ups": ["Show me where."],
            "topics": ["de.idempotency"],
            "rubric": [{"text": "A merge by key", "rules": ["de.idempotency.merge", "de.idempotency.on-conflict"], "weight": 3, "advice": "Merge."}],
            "honest": "I have not shown it.",
        },
        {
            "id": "tests",
            "title": "Tests",
            "question": "Do you test?",
            "topics": ["de.testing"],
            "rubric": [{"text": "pytest runs", "technologies": ["pytest"], "advice": "Test."}],
        },
    ],
}


def store(folder: Path, entry: dict[str, Any], name: str = "recruiter.yaml") -> Path:
    path = folder / name
    path.write_text(yaml.safe_dump(entry, sort_keys=False), encoding="utf-8")
    return path


# --- those that ship ---------------------------------------------------------------------------------

BUILTIN = load_personas()


def test_ten_interviewers_each_of_a_trade_of_their_own() -> None:
    assert len(BUILTIN) == 10
    assert len({p.trade for p in BUILTIN}) == 10
    assert sorted(p.id for p in BUILTIN) == [f.stem for f in persona_files()]
    assert BUILTIN[0].trade == "data-science"


@pytest.mark.parametrize("persona", BUILTIN, ids=lambda p: p.id)
def test_an_interviewer_has_ten_scenarios_that_can_be_asked_and_marked(persona: Persona) -> None:
    assert len(persona.scenarios) == 10
    assert persona.bio and persona.looks_for and persona.wary_of
    for scenario in persona.scenarios:
        asked = [scenario.question, *scenario.phrasings]
        assert len(scenario.phrasings) >= 4, scenario.key
        assert len({q.lower() for q in asked}) == len(asked), scenario.key
        assert 2 <= len(scenario.follow_ups) <= 3, scenario.key
        assert 4 <= len(scenario.rubric) <= 6, scenario.key
        assert any(p.weight == 3 for p in scenario.rubric), scenario.key
        assert scenario.honest and scenario.marks_down, scenario.key


def test_no_two_interviewers_mark_alike() -> None:
    rubrics = [tuple(sorted(r for p in s.rubric for r in p.rules)) for persona in BUILTIN for s in persona.scenarios]
    assert len(set(rubrics)) == len(rubrics)


# --- those that anyone adds --------------------------------------------------------------------------


def test_a_persona_is_added_by_one_file(tmp_path: Path) -> None:
    store(tmp_path, PERSONA)
    added = load_personas(tmp_path)[-1]
    assert (added.id, [s.key for s in added.scenarios]) == ("recruiter", ["recruiter/loads", "recruiter/tests"])
    assert added.scenarios[1].rubric[0].technologies == ("pytest",)
    assert added.scenarios[1].rubric[0].weight == 2


def wrong(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(PERSONA), **changes}


def wrong_scenario(**changes: Any) -> dict[str, Any]:
    entry = copy.deepcopy(PERSONA)
    entry["scenarios"][0] |= changes
    return entry


def wrong_point(**changes: Any) -> dict[str, Any]:
    entry = copy.deepcopy(PERSONA)
    entry["scenarios"][0]["rubric"][0] |= changes
    return entry


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (wrong(id="Recruiter"), ("id is 'Recruiter'",)),
        (wrong(id="other"), ("not the file's name",)),
        (wrong(nam="x"), ("unknown field 'nam'",)),
        (wrong(role=None), ("role is missing",)),
        (wrong(looks_for="all"), ("looks_for is no list",)),
        (wrong(scenarios=[]), ("scenarios is empty",)),
        (wrong(scenarios=["loads"]), ("scenario 1 is no mapping",)),
        (wrong(scenarios=[PERSONA["scenarios"][0]] * 2), ("scenario id 'loads' stands twice",)),
        (wrong_scenario(question=3), ("scenario 1 (loads): question is 3",)),
        (wrong_scenario(topics=["de.no-such"]), ("scenario 1 (loads): topics", "de.no-such")),
        (wrong_scenario(topics=[]), ("topics is empty",)),
        (wrong_scenario(follow_ups=[{"a": 1}]), ("follow_ups holds",)),
        (wrong_scenario(rubric=[]), ("rubric is empty",)),
        (wrong_point(rules=["de.no-such"]), ("rubric 1: rules", "de.no-such")),
        (wrong_point(technologies=["no-such"]), ("rubric 1: technologies", "no-such")),
        (wrong_point(rules=[]), ("neither rules nor technologies",)),
        (wrong_point(weight=4), ("rubric 1: weight is 4",)),
        (wrong_point(weight=True), ("weight is True",)),
        (wrong_point(advice=""), ("rubric 1: advice",)),
    ],
)
def test_a_wrong_file_is_told_by_its_name_and_its_field(entry: dict[str, Any], words: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(PackError) as raised:
        read_persona(store(tmp_path, entry), builtin_known())
    assert "recruiter.yaml" in str(raised.value)
    for word in words:
        assert word in str(raised.value)


def test_what_is_no_yaml_is_told_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("id: [", encoding="utf-8")
    with pytest.raises(PackError, match=r"^x\.yaml cannot be read: [^\n]*$"):
        read_persona(path, builtin_known())


def test_a_folder_without_personas_and_a_persona_that_is_there_already_are_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no persona file"):
        load_personas(tmp_path)
    store(tmp_path, wrong(id="data-engineer"), "data-engineer.yaml")
    with pytest.raises(PackError, match="a persona 'data-engineer' already"):
        load_personas(tmp_path)
