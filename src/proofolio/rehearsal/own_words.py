"""Makes the file that a candidate writes their own words into, with what the portfolio already shows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from proofolio.core.errors import UsageError
from proofolio.core.records import Answer
from proofolio.readers.statements import FOLDER, WORDS_HEADING
from proofolio.rehearsal.personas import Persona, Scenario
from proofolio.rendering.clean import one_line
from proofolio.settings import CONFIG_NAME


def folder_for(portfolio: str) -> Path:
    """The folder beside the work in which own words are kept; raises UsageError where the portfolio is no folder here."""
    path = Path(portfolio).expanduser()
    if path.is_dir():
        return path / FOLDER
    if path.name == CONFIG_NAME and path.is_file():
        return path.parent / FOLDER
    raise UsageError(f"{portfolio} is no folder, so your words cannot be kept beside it.", "Name the folder of the portfolio or its proofolio.toml.")


def write_template(folder: Path, persona: Persona, scenario: Scenario, answer: Answer) -> tuple[Path, bool]:
    """The file of a scenario, and whether it was made now: one that is there is never written over.

    Raises UsageError where it cannot be written.
    """
    path = folder / scenario.persona / f"{scenario.id}.md"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(template(persona, scenario, answer))
    except FileExistsError:
        return path, False
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or os.strerror(error.errno or 0)}.", "Check the folder's permissions.") from error
    return path, True


def template(persona: Persona, scenario: Scenario, answer: Answer) -> str:
    """The text of a new file: the question, what is shown, what is looked for, and a place for the words."""
    return "\n".join(
        [
            f"# {scenario.question}",
            "",
            f"{persona.role}, {scenario.title} (`{scenario.key}`). Only what stands under \"{WORDS_HEADING.lstrip('# ')}\" is read as yours;",
            "everything above it is never quoted and counts for nothing.",
            "",
            "## What the portfolio shows already",
            "",
            *_shown(answer),
            "",
            "## What a strong answer holds",
            "",
            *(f"- {point.text}" for point in scenario.rubric),
            "",
            WORDS_HEADING,
            "",
            "<!-- Write in the first person what no repository can hold: why, with whom, under which constraints, what you",
            "would do otherwise. Answers quote it as your statement (\"I say\"), after the evidence, and say so openly where",
            "the code disagrees. In a git repository, commit this file: what is not committed is not read. -->",
            "",
            "",
        ]
    )  # fmt: skip


def _shown(answer: Answer) -> Sequence[str]:
    lines = []
    for statement in answer.statements:
        places = "; ".join(f"`{one_line(c.label())}`" for c in dict.fromkeys(statement.citations))
        lines.append(f"- {' '.join(one_line(statement.text).split())}{f' ({places})' if places else ''}")
    return lines or ["- Nothing."]
