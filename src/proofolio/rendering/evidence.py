"""The candidate's look in the mirror: everything that the portfolio shows on a topic, with places."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from proofolio.core.errors import UsageError
from proofolio.core.records import Evidence, Liveness
from proofolio.evidence.rules import Topic
from proofolio.rendering.clean import clean
from proofolio.retrieval.index import Index


def topics_for(topics: Mapping[str, Topic], wanted: str | None) -> list[Topic]:
    """The topics that an id, a part of a name or a phrase means; all for None. Raises UsageError for none."""
    if wanted is None:
        return list(topics.values())
    low = wanted.lower()
    found = [t for t in topics.values() if low in {t.id, t.name.lower()}]
    found = found or [t for t in topics.values() if low in t.id or low in t.name.lower() or any(p.search(wanted) for p in t.ask)]
    if not found:
        raise UsageError(f"No topic is called {wanted!r}.", f"Topics: {', '.join(sorted(topics))}.")
    return found


def evidence_text(index: Index, topics: Mapping[str, Topic], wanted: str | None) -> str:
    """Topic by topic: what is shown, what is dead or only claimed, what a strong answer still lacks."""
    lines: list[str] = []
    live_rules = {e.rule for e in index.evidence if e.liveness is Liveness.LIVE}
    for topic in topics_for(topics, wanted):
        items = index.by_topic.get(topic.id, [])
        if wanted is None:
            live = sum(1 for e in items if e.liveness is Liveness.LIVE)
            lines.append(f"{topic.id:28} {topic.name:32} {live:4} shown, {len(items) - live:3} dead or claimed")
            continue
        lines += [f"{topic.name} ({topic.id})", ""]
        for item in sorted(items, key=lambda e: (e.liveness is not Liveness.LIVE, -e.strength, e.path, e.start)):
            note = "" if item.liveness is Liveness.LIVE else f" ({item.liveness.value.replace('_', ' ')})"
            lines.append(f"  {clean(item.say)}{note}")
            lines.append(f"      {clean(_place(item))}  {item.rule}")
        gaps = [e.text for e in topic.expects if not live_rules & set(e.rules)]
        lines += ["", *(f"  not shown: {gap}" for gap in gaps), ""]
    return "\n".join(lines).rstrip()


def evidence_json(index: Index, topics: Mapping[str, Topic], wanted: str | None) -> str:
    """The same as JSON: a list of topics with their evidence and gaps."""
    live_rules = {e.rule for e in index.evidence if e.liveness is Liveness.LIVE}
    data: list[dict[str, Any]] = []
    for topic in topics_for(topics, wanted):
        data.append({
            "topic": topic.id, "name": topic.name,
            "evidence": [
                {"rule": e.rule, "text": e.say, "liveness": str(e.liveness), "rank": str(e.rank), "source": e.source, "path": e.path,
                 "start": None if e.cell is not None else e.start, "end": None if e.cell is not None else e.end, "cell": e.cell}
                for e in index.by_topic.get(topic.id, [])
            ],
            "not_shown": [e.text for e in topic.expects if not live_rules & set(e.rules)],
        })
    return json.dumps(data, ensure_ascii=False, indent=2)


def _place(item: Evidence) -> str:
    if item.cell is not None:
        return f"{item.source}/{item.path}#cell{item.cell}"
    return f"{item.source}/{item.path}:{item.start}-{item.end}"
