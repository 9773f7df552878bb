"""Checks scores, comparisons and parameters of a claim against what ran."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from proofolio.audit.observed import LOWER_IS_BETTER, NAMES, Observed, groups_in, observed, same
from proofolio.audit.records import Finding, Sentence, Verdict, worst
from proofolio.audit.work import Value, Work
from proofolio.core.records import Citation, DocumentKind, Place
from proofolio.evidence.mentions import mentioned_in

_VALUE = re.compile(r"(?<![\w.:/-])(?P<value>\d{1,3}(?:\.\d+)?\s?%?)(?![\w]|\.\d|:\d)")
_BETTER = re.compile(r"\b(?:ahead of|outperform\w*|better than|beat(?:s|ing)?|superior to|improv\w+ (?:on|over|upon)|surpass\w*)\b", re.IGNORECASE)
_NOT = re.compile(r"\b(?:not|no|never|neither|nor|hardly|without|than expected|would)\b|n't\b", re.IGNORECASE)
_RATIO = re.compile(r"(?<![\d:.])(\d+)\s?:\s?(\d+)(?![\d:])")
_SPLIT = re.compile(r"(?P<train>\d{2})\s?%\D{0,60}\b(?:train\w*|data)\b.{0,80}?(?P<test>\d{1,2})\s?%|\b(?P<train2>[6-9]\d)\s?[/:-]\s?(?P<test2>[1-4]\d)\b(?=.{0,30}(?:split|train|test))", re.IGNORECASE)
_ALIASES = {"epochs": ("epochs", "nepochs", "numepochs", "maxepochs", "numtrainepochs"), "folds": ("nsplits", "cv", "nfolds", "kfold", "folds"), "trees": ("nestimators", "ntrees", "ntree")}
_GENERIC = {"max", "min", "num", "n", "size", "value", "values", "name", "type", "id", "test", "data", "file"}
_MEASURED_PATHS = r"(?:metrics?|scores?|results?|report|evaluation|summary)[^/]*\.(?:json|ya?ml|csv|txt)$"
WIDE = 60  # characters between a score's name and its number


def check_scores(sentence: Sentence, work: Work) -> Iterator[Finding]:
    """Each score with its number, against the numbers that runs put out under that name."""
    if sentence.kind in {"snippet", "badge"} or _threshold(sentence.text):
        return
    if sentence.kind == "row":
        found = [f for head, value in _cells(sentence.text) for g, _ in groups_in(head)[:1] for f in _score(g, value, head, sentence, work)]
        if found:
            gravest = worst(found)
            yield Finding(sentence.text, gravest.verdict, gravest.why, gravest.places, (), gravest.searched, gravest.rewording)
        return
    spoken = sentence.text.replace("_", " ")
    for group, value, span in _pairs(spoken):
        yield from _score(group, value, _clause(spoken, *span), sentence, work)


def _threshold(text: str) -> bool:
    return bool(re.search(r"\b(?:threshold|at least|target|goal|require[sd]?|should|e\.g\.|random (?:guess\w*|chance|baseline)|baseline of)\b", text, re.IGNORECASE))


def _cells(text: str) -> Iterator[tuple[str, str]]:
    for part in text.split(";"):
        head, _, cell = part.partition(":")
        match = re.fullmatch(r"\s*[*_~≈]*(?P<value>\d{1,3}(?:\.\d+)?\s?%?)[*_]*(?:\s*\(.*\))?\s*", cell)
        if match and len(head) < 40:
            yield head.strip(), match["value"].replace(" ", "")


def _pairs(text: str) -> Iterator[tuple[str, str, tuple[int, int]]]:
    """(score, value, span): the number that follows a score's name, or stands right before it."""
    taken: set[int] = set()
    for group, match in sorted(groups_in(text), key=lambda p: p[1].start()):
        if group in {"map", "loss", "precision", "lift"} and not re.match(rf"{match[0]}\W{{0,3}}(?:of|is|was|:|=|at|score)?\W{{0,4}}\d", text[match.start() :], re.IGNORECASE):
            continue
        before = re.search(r"(?P<value>\d{1,3}(?:\.\d+)?\s?%?)\s*(?:\*\*)?\s*(?:(?:test|validation|training|overall|mean|average|weighted|macro|out-of-sample|in)\s+){0,2}$", text[: match.start()])
        after = _VALUE.search(text, match.end(), match.end() + WIDE)
        if after and re.search(r"[\[,;.](?:\s|$)|\band\b|\bwith\b|\bin\b|\bfor\b", text[match.end() : after.start()]):
            after = None
        if before and before.start("value") not in taken and _scorelike(before["value"]) and (before.start() == 0 or text[before.start() - 1] not in ".:-/"):
            taken.add(before.start("value"))
            yield group, before["value"].replace(" ", ""), (before.start(), match.end())
        elif after and after.start() not in taken and _scorelike(after["value"]):
            taken.add(after.start())
            yield group, after["value"].replace(" ", ""), (match.start(), after.end())


def _scorelike(value: str) -> bool:
    return "." in value or "%" in value


def _clause(text: str, start: int, end: int) -> str:
    left = max((text.rfind(mark, 0, start) for mark in (". ", "; ", ": ")), default=-1)
    cuts = [c for c in (text.find(mark, end) for mark in (", ", "; ", ". ")) if c >= 0]
    return text[left + 1 : min(cuts, default=len(text))].strip(" .;:")


def _score(group: str, value: str, said: str, sentence: Sentence, work: Work) -> Iterator[Finding]:
    seen = [o for o in observed(work).get(group, []) if o.place.source == sentence.place.source or sentence.resume]
    subject = _about(said if sentence.kind != "row" else sentence.text.split(";")[0], seen)
    ours = subject or seen
    text = said if sentence.kind != "row" else f"{said} {value}"
    equal = [o for o in ours if same(value, o.value)]
    searched = (f"{group} in {len({o.place.path for o in seen})} result files and notebooks ({len(seen)} values)",)
    if equal:
        yield Finding(text, Verdict.SUPPORTED, "A run put this number out.", tuple(o.place for o in equal[:2]))
    elif seen and not sentence.resume and (past := _earlier(group, value, sentence, work)) is not None:
        nearest = _nearest(value, ours)
        why = f"An earlier commit put this number out; the latest is {_shown(nearest.value)}."
        yield Finding(text, Verdict.STALE, why, (nearest.place,), (past,), searched, f"{group} {_shown(nearest.value)}")
    elif subject and not sentence.commentary and not any(same(value, o.value) for o in seen):
        nearest = _nearest(value, subject)
        yield Finding(text, Verdict.CONTRADICTED, f"What ran put out {_shown(nearest.value)} ({group}).", (nearest.place,), (), searched, f"{group} {_shown(nearest.value)}")
    elif ours and _beyond(group, value, seen) and not _pictured(group, work, sentence):
        nearest = _nearest(value, ours)
        yield Finding(text, Verdict.CONTRADICTED, f"No run put out a {group} so good; the nearest is {_shown(nearest.value)}.", (nearest.place,), (), searched, f"{group} {_shown(nearest.value)}")
    elif not sentence.commentary or seen:
        told = _recorded(value, work, sentence)
        if told:
            yield Finding(text, Verdict.SUPPORTED, "A record of the work states this number.", tuple(told))
        else:
            yield Finding(text, Verdict.UNSUPPORTED, "No committed output shows this number.", (), (), searched)


def _earlier(group: str, value: str, sentence: Sentence, work: Work) -> Citation | None:
    """The line of an earlier commit that put a score out which reads as the claimed one."""
    digits = value.rstrip("% ")
    if value.endswith("%") or "." not in digits:
        number = float(digits) / 100
        digits = f"{number:.{2 + len(digits.partition('.')[2])}f}"
    below = f"{float(digits) - 10 ** -len(digits.partition('.')[2]):.{len(digits.partition('.')[2])}f}"
    name = rf"(?:^|[^a-z0-9])(?:\w+_)?(?:{NAMES[group]})(?![a-z])"
    for only in (_MEASURED_PATHS, r"\.ipynb$"):
        for written in (digits, below):
            past = work.past.text(sentence.place.source, written, "", name, only)
            if past is not None and _reads(group, value, past.quote):
                return past
    return None


def _reads(group: str, value: str, line: str) -> bool:
    """Whether a line gives a score the claimed number: the one that follows its name."""
    for named, match in groups_in(line):
        number = re.search(r"\d+\.\d+", line[match.end() : match.end() + 60])
        if named == group and number and same(value, float(number[0])):
            return True
    return False


def _about(said: str, seen: Sequence[Observed]) -> list[Observed]:
    """The observations that speak of what the claim speaks of: the model that it names."""
    names = {m.text.lower() for m in mentioned_in(said)} | {m.technology.id for m in mentioned_in(said)}
    names |= set(re.findall(r"`([^`]+)`", said.lower()))
    words = {re.split(r"[\s_-]+", n)[0] for n in names if len(n) > 3} - {"roc", "precision", "recall", "scikit", "python"}
    found = [o for o in seen if any(re.search(rf"(?<![a-z]){re.escape(w)}", o.about.split("\n")[0]) for w in words)]
    held = [o for o in found if re.search(r"hold|test|out", o.about)] if re.search(r"\b(?:hold[- ]?out|test)\b", said, re.IGNORECASE) else []
    return held or found


def _nearest(value: str, seen: Sequence[Observed]) -> Observed:
    wanted = float(value.rstrip("%").strip())
    wanted = wanted / 100 if value.endswith("%") else wanted
    return min(seen, key=lambda o: abs(o.value - wanted))


def _beyond(group: str, value: str, seen: Sequence[Observed]) -> bool:
    """Whether a claimed score is better than every one that a run put out, by more than a rounding."""
    wanted = float(value.rstrip("%").strip())
    wanted = wanted / 100 if value.endswith("%") or (wanted > 1 and all(o.value <= 1 for o in seen)) else wanted
    if group in LOWER_IS_BETTER:
        return wanted < min(o.value for o in seen) * 0.98
    return wanted > max(o.value for o in seen) + 0.01


def _pictured(group: str, work: Work, sentence: Sentence) -> bool:
    """Whether a plot may carry the number: then no text can refute it."""
    return any(groups and group in groups for groups in ([g for g, _ in groups_in(f"{f.caption} {f.words}")] for _, f in work.index.figures if f.source == sentence.place.source))


def _shown(value: float) -> str:
    return f"{value:.4g}"


def _recorded(value: str, work: Work, sentence: Sentence) -> list[Place]:
    """Where a model card, decision record or test states a number of three digits or more."""
    if len(re.sub(r"\D", "", value).lstrip("0")) < 2:
        return []
    pattern = re.compile(rf"(?<![\d.]){re.escape(value.rstrip('%'))}(?!\d)")
    found = []
    for document in work.documents:
        if str(document.rank) not in {"record", "test", "output", "code"} or document.kind is DocumentKind.IMAGE or not pattern.search(document.text):
            continue
        for number, line in enumerate(document.text.split("\n"), 1):
            cell = document.cell_at(number)
            if pattern.search(line) and len(line) < 2_000 and not (cell and cell.kind != "code"):
                found.append(Place(document.source, document.path, number, number))
                break
    return found[:2]


# --- comparisons ----------------------------------------------------------------------------------


def check_comparisons(sentence: Sentence, work: Work) -> Iterator[Finding]:
    """ "A is ahead of B": the scores of both, where one file holds them."""
    match = _BETTER.search(sentence.text)
    if match is None or sentence.kind == "snippet" or _NOT.search(sentence.text[max(0, match.start() - 40) : match.start()]):
        return
    before = [m for m in mentioned_in(sentence.text) if m.end <= match.start()]
    after = [m for m in mentioned_in(sentence.text) if m.start >= match.end()]
    if not before or not after or before[0].technology.id == after[0].technology.id:
        return
    named = [g for g, _ in groups_in(sentence.text)] or ["auc", "accuracy", "f1", "rmse", "r2"]
    left, right = (re.split(r"[\s_-]+", m.text.lower())[0] for m in (before[0], after[0]))
    for group in named:
        by_file: dict[str, dict[str, list[Observed]]] = {}
        for o in observed(work).get(group, []):
            for side in (left, right):
                if re.search(rf"(?<![a-z]){re.escape(side)}", o.about.split("\n")[0]):
                    by_file.setdefault(o.place.path, {}).setdefault(side, []).append(o)
        pairs = {p: s for p, s in by_file.items() if left in s and right in s}
        ahead = {p: _leads(group, s[left], s[right]) for p, s in pairs.items()}
        held = {p: v for p, v in ahead.items() if re.search(r"hold|test|key|final", p)} or ahead
        if not held:
            continue
        path, leads = next(iter(held.items()))
        a, b = pairs[path][left][0], pairs[path][right][0]
        said = f"{before[0].text} {match[0]} {after[0].text}"
        if leads:
            yield Finding(said, Verdict.SUPPORTED, f"{group}: {_shown(a.value)} against {_shown(b.value)}.", (a.place, b.place))
        else:
            why = f"{group}: {before[0].text} {_shown(a.value)}, {after[0].text} {_shown(b.value)}."
            yield Finding(said, Verdict.CONTRADICTED, why, (a.place, b.place), (), (), f"{before[0].text} and {after[0].text} score alike ({group} {_shown(a.value)} and {_shown(b.value)})")
        return


def _leads(group: str, left: Sequence[Observed], right: Sequence[Observed]) -> bool:
    if group in LOWER_IS_BETTER:
        return min(o.value for o in left) < min(o.value for o in right)
    return max(o.value for o in left) > max(o.value for o in right)


# --- parameters -----------------------------------------------------------------------------------


def check_parameters(sentence: Sentence, work: Work) -> Iterator[Finding]:
    """A parameter that the text names with its value: what does the code give it?"""
    if sentence.kind in {"snippet", "badge"} or sentence.commentary:
        return
    words = [(m[0].lower(), m.start(), m.end()) for m in re.finditer(r"[A-Za-z]+", sentence.text)]
    known = work.index.keep("audit parameters", lambda: _by_first_word(work))
    for i, (first, _, _) in enumerate(words if re.search(r"\d", sentence.text) else ()):
        for cut in range(max(1, len(first) - 3), len(first) + 1):
            for parts, values in known.get(first[:cut], ()):
                window = words[i : i + len(parts)]
                near = all(re.fullmatch(r"[\s_.-]{0,2}", sentence.text[a[2] : b[1]]) for a, b in pairwise(window))
                if near and len(window) == len(parts) and all(w.startswith(p) and len(w) - len(p) <= 3 for (w, _, _), p in zip(window, parts, strict=True)):
                    yield from _parameter(sentence, window[0][1], window[-1][2], values, work)
    for word, keys in _ALIASES.items():
        match = re.search(rf"(?<![\w.])(\d+)[ -]{word}\b|\b{word[:-1]}s? ?(?:=|:|of) ?(\d+)", sentence.text, re.IGNORECASE)
        values = [v for k in keys for v in work.values.get(k, []) if re.fullmatch(r"\d+", v.value) and v.place.source == sentence.place.source]
        if match and values and not _NOT.search(sentence.text):
            stated = match.group(1) or match.group(2)
            yield from _compared(f"{stated} {word}", stated, values, work)
    yield from _splits(sentence, work)


def _by_first_word(work: Work) -> dict[str, list[tuple[list[str], list[Value]]]]:
    """The parameters whose names are of several telling words, by the first of them."""
    known: dict[str, list[tuple[list[str], list[Value]]]] = {}
    for values in work.values.values():
        parts = [p.lower() for p in re.split(r"_|(?<=[a-z])(?=[A-Z])", values[0].name) if p]
        if len(parts) > 1 and sum(len(p) for p in parts) >= 8 and not all(p in _GENERIC for p in parts):
            known.setdefault(parts[0], []).append((parts, values))
    return known


def _parameter(sentence: Sentence, start: int, end: int, values: Sequence[Value], work: Work) -> Iterator[Finding]:
    tail = sentence.text[end : end + 30]
    number = re.match(r"[`'\"*]*\s*(?:=|:|is|was|of|to|set to|set at|set as|being)?\s*[`'\"*]*(?P<value>\d+\s?:\s?\d+|\d[\d,]*(?:\.\d+)?(?:e-?\d+)?)(?![\d:]|\.\d|\s?%|[\w])", tail, re.IGNORECASE)
    own = [v for v in values if v.place.source == sentence.place.source or sentence.resume]
    if number is None or not own or _NOT.search(sentence.text[max(0, start - 15) : start]):
        return
    text = sentence.text[start : end + number.end()].strip(" `*\"'(")
    yield from _compared(text, number["value"].replace(",", "").replace(" ", ""), own, work)


def _compared(text: str, stated: str, values: Sequence[Value], work: Work) -> Iterator[Finding]:
    ratio = _RATIO.fullmatch(stated)
    fixed = [v for v in values if not v.grouped and (_RATIO_VALUE.search(v.value) if ratio else re.fullmatch(r"-?\d[\d_]*(?:\.\d+)?(?:e-?\d+)?", v.value, re.IGNORECASE))]
    if not fixed:
        return
    equal = [v for v in fixed if _equal(stated, v.value)]
    if equal:
        yield Finding(text, Verdict.SUPPORTED, "The code gives it this value.", tuple(v.place for v in equal[:2]))
        return
    if len({v.value for v in fixed}) > 1 and len({v.place.path for v in fixed}) > 1:
        return  # several files, several values: the claim may speak of any of them
    shown = ", ".join(dict.fromkeys(v.value for v in fixed[:3]))
    name = fixed[-1].name
    why = f"The code gives `{name}` the value {shown}."
    yield Finding(text, Verdict.CONTRADICTED, why, tuple(v.place for v in fixed[:3]), (), (), f"{name} {fixed[-1].value}")


_RATIO_VALUE = re.compile(r"^\{?[^{}:]*:\s*(\d+(?:\.\d+)?)\s*,[^{}:]*:\s*(\d+(?:\.\d+)?)\s*\}?$")


def _equal(stated: str, value: str) -> bool:
    ratio, pair = _RATIO.fullmatch(stated), _RATIO_VALUE.search(value)
    if ratio:
        return bool(pair) and _float(ratio[1]) * _float(pair[2] if pair else "0") == _float(ratio[2]) * _float(pair[1] if pair else "0")
    return _float(stated) == _float(value)


def _float(text: str) -> float:
    return float(text.replace("_", ""))


def _splits(sentence: Sentence, work: Work) -> Iterator[Finding]:
    match = _SPLIT.search(sentence.text)
    sizes = [v for v in work.values.get("testsize", []) if re.fullmatch(r"0?\.\d+", v.value) and (v.place.source == sentence.place.source or sentence.resume)]
    if match is None or not sizes:
        return
    train, test = (match["train"] or match["train2"]), (match["test"] or match["test2"])
    if int(train) + int(test) != 100:  # three parts are cut in two steps, of which no single number tells
        return
    text = match[0]
    equal = [v for v in sizes if round(float(v.value) * 100) == int(test)]
    if equal:
        yield Finding(text, Verdict.SUPPORTED, "The split has this size.", tuple(v.place for v in equal[:2]))
    else:
        shown = ", ".join(dict.fromkeys(v.value for v in sizes))
        yield Finding(text, Verdict.CONTRADICTED, f"The code holds out {shown}.", tuple(v.place for v in sizes[:2]), (), (), f"test_size {sizes[-1].value}")
