"""Tells the candidate's own words from the template that they were written into.

A file in a folder ``proofolio-answers`` holds a question, what the portfolio shows, and a place for the
candidate's words. Only those words are theirs: everything else is blanked when the file is read, line by
line, so that the template can never be quoted and line numbers stay the file's own.
"""

from __future__ import annotations

import re

FOLDER = "proofolio-answers"
WORDS_HEADING = "## My words"
_QUESTION = re.compile(r"^#\s+(?P<question>\S.*?)\s*$")
_WORDS = re.compile(r"^##\s+my words\s*$", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)


def is_statement(path: str) -> bool:
    """Whether a file is a place for the candidate's own words."""
    *folders, name = path.split("/")
    return FOLDER in folders and name.lower().endswith(".md")


def own_words(text: str) -> tuple[str, str]:
    """(the question, the text with everything but the candidate's words blanked line by line).

    The words are all that follows the heading "My words", without the comments in it.
    """
    question, inside, kept = "", False, []
    for line in text.split("\n"):
        heading = _QUESTION.match(line)
        if heading and not inside and not question:
            question = heading["question"]
        kept.append(line if inside else "")
        inside = inside or bool(_WORDS.match(line))
    words = _COMMENT.sub(lambda m: re.sub(r"[^\n]", "", m.group()), "\n".join(kept))
    return question, words
