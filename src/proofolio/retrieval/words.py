"""Words as the search sees them: identifiers split at humps and underscores, stemmed, without filler."""

from __future__ import annotations

import re
from functools import lru_cache

import Stemmer

_WORD = re.compile(r"[A-Za-zÀ-ɏ]+|\d+(?:\.\d+)?|[^\x00-\x7f]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
MAX_RUNS = 100_000  # runs of letters or digits whose stems are kept
_porter = Stemmer.Stemmer("porter")

# What carries a question but says nothing of what it is about.
FUNCTION_WORDS = frozenset(
    """a about above after again all also am an and any anybody anyone anything are as at away be became because been before being
    below between both but by can cannot could d did do does doing done down during each either else even ever every few for from
    further had has have having he her here hers him his how however i if in instead into is isn it its itself just let ll made me
    might mine more most much must my myself near need neither no nor not now of off on once one only onto or other others our ours
    out over own per quite rather re really s same shall she should since so some somebody someone something still such t than that
    the their theirs them then there these they thing things this those though through to together too toward under until up upon us
    ve very via was we were what whatever when where whether which while who whom whose why will with within without would yes yet
    you your yours yourself m o don doesn didn won ain actually already always anywhere else got get gets getting go goes going gone
    come comes came
    """.split()
)
# What interviewers say around the matter: searched with little weight, never decisive.
FILLER = frozenset(
    """answer ask asked bring candidate care case certain choice choose chose chosen claim code come consider convince cover decide decided
    decision describe design detail different discuss ensure exact exactly example explain find follow give given happen happens help
    idea keep kind know like list look main make makes making many matter mean mention mind notice part particular pick picked place
    plan point portfolio possible practice project put question read reason repo repository right run runs say see set show shown side
    single sort start stop take taken talk team tell think thing trust try understand use used uses using want way ways well whole wish
    word work worked works write written wrote work walk approach handle handled handling deal dealt manage managed system application
    app software solution used strategy interview
    """.split()
)


class _Stems(dict[str, frozenset[str]]):
    """The stems of each run of letters or digits that was met: a text is mostly made of such as were."""

    def __missing__(self, run: str) -> frozenset[str]:
        if len(self) >= MAX_RUNS:
            self.clear()
        found = self[run] = frozenset(stem(w) for w in _HUMP.sub(" ", run).split())
        return found


_stems_of_run = _Stems()


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """The Porter stem of a word, as SQLite's tokenizer makes it."""
    return str(_porter.stemWord(word.lower()))


def words(text: str) -> list[str]:
    """The words of a text in order, lower-case, identifiers split."""
    return [w.lower() for w in _WORD.findall(_HUMP.sub(" ", text))]


@lru_cache(maxsize=50_000)
def stems(text: str) -> frozenset[str]:
    """The stems of a text."""
    # An identifier is split only where its letters change their case: within one run.
    return frozenset().union(*map(_stems_of_run.__getitem__, set(_WORD.findall(text))))


def content_words(text: str) -> list[str]:
    """The words that carry a question, in order, each once."""
    return list(dict.fromkeys(w for w in words(text) if w not in FUNCTION_WORDS and (len(w) > 1 or w.isdigit())))
