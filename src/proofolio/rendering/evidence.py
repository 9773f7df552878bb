"""The candidate's look in the mirror: everything that the portfolio shows on a topic, with places."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from proofolio.core.errors import UsageError
from proofolio.core.records import Evidence, Liveness
from proofolio.evidence.rules import Topic
from proofolio.evidence.wordings import asked_in
from proofolio.rendering.clean import clean, json_text, one_line
from proofolio.retrieval.index import Index

PLACES = 6  # places a sentence names before the rest is only counted
_NOTES = {
    Liveness.IMPORTED_ONLY: "imported, never called",
    Liveness.COMMENTED: "commented out",
    Liveness.SKIPPED: "skipped",
    Liveness.NEVER_RUN: "never runs",
    Liveness.PROPOSED: "only proposed",
    Liveness.MENTIONED: "only said",
}


def topics_for(topics: Mapping[str, Topic], wanted: str | None) -> list[Topic]:
    """The topics that an id, a part of a name or a phrase means; all for None. Raises UsageError for none."""
    if wanted is None:
        return list(topics.values())
    low = wanted.lower().strip()
    found = [t for t in topics.values() if low in {t.id, t.name.lower()}]
    if not found and low:
        found = [t for t in topics.values() if low in t.id or low in t.name.lower()]
    if not found:
        asked = asked_in(wanted, topics)
        found = [topic for key, topic in topics.items() if key in asked]
    if not found:
        raise UsageError(f"No topic is called {one_line(wanted)[:80]!r}.", _hint(topics, low))
    return found


def _hint(topics: Mapping[str, Topic], low: str) -> str:
    names = {name: t.id for t in topics.values() for name in (t.id, t.id.partition(".")[2], t.name.lower())}
    near = dict.fromkeys(names[n] for n in difflib.get_close_matches(low, names, n=3, cutoff=0.6))
    if near:
        return f"Near: {', '.join(near)}."
    return "Without a topic, `proofolio evidence PORTFOLIO` lists them."


def evidence_text(index: Index, topics: Mapping[str, Topic], wanted: str | None) -> str:
    """Topic by topic: what is shown, what is dead or only claimed, what a strong answer still lacks."""
    chosen = topics_for(topics, wanted)
    lines = _overview(index, chosen) if wanted is None else [line for t in chosen for line in _one(index, t)]
    return "\n".join(lines).rstrip()


def _overview(index: Index, topics: Sequence[Topic]) -> list[str]:
    """A line a topic that the portfolio shows, most shown first within its trade; then what it does not show."""
    trades: dict[str, list[tuple[int, int, Topic]]] = defaultdict(list)
    bare: list[str] = []
    for topic in topics:
        items = index.by_topic.get(topic.id, [])
        live = sum(1 for e in items if e.liveness is Liveness.LIVE)
        if items:
            trades[topic.trade].append((live, len(items) - live, topic))
        else:
            bare.append(topic.id)
    lines: list[str] = []
    for trade, rows in trades.items():
        lines.append(trade.replace("-", " "))
        for live, rest, topic in sorted(rows, key=lambda r: (-r[0], r[2].id)):
            lines.append(f"  {topic.id:32} {topic.name:36} {live:4} shown {rest:4} only said or dead")
        lines.append("")
    if bare:
        lines.append(f"No evidence on {len(bare)} of {len(topics)} topics: {', '.join(sorted(bare))}")
    return lines


def _one(index: Index, topic: Topic) -> Iterator[str]:
    """A topic: each sentence once, with its places; what is not live after what is."""
    yield f"{topic.name} ({topic.id})"
    groups: dict[tuple[Liveness, str], list[Evidence]] = defaultdict(list)
    for item in index.by_topic.get(topic.id, []):
        groups[item.liveness, item.say].append(item)
    order = sorted(
        groups, key=lambda k: (k[0] is not Liveness.LIVE, -max(e.strength for e in groups[k]), k[1])
    )
    for key in order:
        liveness, say = key
        note = "" if liveness is Liveness.LIVE else f" ({_NOTES[liveness]})"
        yield ""
        yield f"  {' '.join(clean(say).split())}{note}"
        places = list(
            dict.fromkeys(_place(e) for e in sorted(groups[key], key=lambda e: (e.source, e.path, e.start)))
        )
        yield from (f"      {place}" for place in places[:PLACES])
        if len(places) > PLACES:
            yield f"      and {len(places) - PLACES} more places"
    if not order:
        yield "  No evidence in this portfolio."
    missing = _missing(index, topic)
    if missing:
        yield ""
        yield "  A strong answer would also show:"
        yield from (f"      {text}" for text in missing)
    yield ""


def _missing(index: Index, topic: Topic) -> list[str]:
    live = index.keep("live rules", lambda: {e.rule for e in index.evidence if e.liveness is Liveness.LIVE})
    return [e.text for e in topic.expects if not live & set(e.rules)]


def evidence_json(index: Index, topics: Mapping[str, Topic], wanted: str | None) -> str:
    """The same as JSON: a list of topics with their evidence and what is missing."""
    data: list[dict[str, Any]] = [
        {
            "topic": topic.id,
            "name": topic.name,
            "evidence": [_json(item) for item in index.by_topic.get(topic.id, [])],
            "not_shown": _missing(index, topic),
        }
        for topic in topics_for(topics, wanted)
    ]
    return json_text(data, indent=2)


def _json(item: Evidence) -> dict[str, Any]:
    in_cell = item.cell is not None
    return {
        "rule": item.rule,
        "text": item.say,
        "liveness": str(item.liveness),
        "rank": str(item.rank),
        "source": item.source,
        "path": item.path,
        "start": None if in_cell else item.start,
        "end": None if in_cell else item.end,
        "cell": item.cell,
    }


def _place(item: Evidence) -> str:
    name = one_line(f"{item.source}/{item.path}")
    if item.cell is not None:
        return f"{name}#cell{item.cell}"
    return f"{name}:{item.start}" if item.start == item.end else f"{name}:{item.start}-{item.end}"
