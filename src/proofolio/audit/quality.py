"""Checks assurances and judgements: no leakage, no overfitting, fits well, best, outcomes, roles."""

from __future__ import annotations

import re
from collections.abc import Iterator

from proofolio.audit.practices import around
from proofolio.audit.records import Finding, Sentence, Verdict
from proofolio.audit.work import Work
from proofolio.core.records import Document, DocumentKind, Liveness, Place, Rank

_LEAKAGE = re.compile(r"\b(?:(?:no|not have|without|avoid\w*|prevent\w*|free of|eliminat\w*)\s+(?:any\s+)?(?:data |target |label |information )?leak(?:age|s|ing)?)\b|\bnothing (?:\w+ )?leaks\b|\bleak(?:age)?[- ]free\b", re.IGNORECASE)
_OVERFIT = re.compile(r"\b(?:no|not|without|avoid\w*|prevent\w*|n't)\s+(?:any\s+|signs? of\s+|be(?:ing)?\s+)?over-?fit(?:ting|ted|s)?\b|\bdo(?:es)? not over-?fit\b", re.IGNORECASE)
_FIT = re.compile(r"\b(?:model|regression|curve|forest|network|classifier|regressor)\b[^.]{0,30}\b(?:fits? (?:the )?(?:data )?(?:very |quite )?(?:well|perfectly)|perform(?:s|ed)? (?:very |extremely |really )?well|generali[sz]es? (?:very )?well)\b|\b(?:good|excellent|great|perfect) fit\b", re.IGNORECASE)
_SUPERLATIVE = re.compile(r"\b(?:state[- ]of[- ]the[- ]art|production[- ](?:ready|grade)|enterprise[- ](?:grade|ready)|world[- ]class|best[- ]in[- ]class|battle[- ]tested|bullet-?proof|cutting[- ]edge|blazing(?:ly)?[- ]fast|lightning[- ]fast|highly (?:scalable|available|accurate|performant|secure)|infinitely scalable|bug[- ]free|unhackable|seamless(?:ly)?|zero[- ]downtime|military[- ]grade|award[- ]winning|industry[- ]leading|unmatched|best practices?)\b", re.IGNORECASE)
_OUTCOME = re.compile(r"\b(?:increas|reduc|improv|boost|sav|cut|grew|decreas|generat|lower|rais|accelerat|doubl|tripl)\w*\b[^.;]{0,80}?(?:\d[\d,.]*\s?(?:%|x\b|percent|hours?|days?|[kKmM]\b|million|users?|customers?|USD|EUR)|[$€£]\s?\d)|\bused by (?:over |more than )?[\d,]+|(?<![\w.])\d[\d,]*\+? (?:active |daily |monthly )?(?:users|downloads|clients)\b", re.IGNORECASE)
_ROLE = re.compile(r"\b(?:led|managed|headed|mentored|supervised|coordinated|spearheaded)\b[^.;]{0,40}\b(?:team|engineers|developers|analysts|people|project|juniors?|interns?)\b|\b(?:tech(?:nical)? lead|team lead|project manager|product owner|scrum master)\b", re.IGNORECASE)
_SOLE = re.compile(r"\b(?:sole (?:developer|author|contributor|engineer|maintainer)|single-?handed(?:ly)?|built (?:it |everything )?(?:entirely )?(?:by myself|alone|on my own)|solo project)\b", re.IGNORECASE)
_MEASURES = re.compile(r"accuracy|precision|recall|f1|auc|rmse|mae|r2|score|concordance|loss", re.IGNORECASE)
_HELD = re.compile(r"train_test_split|KFold|cross_val|TimeSeriesSplit|\bX?_?(?:test|val(?:id)?)_?[xXyY]?\b\s*=|k_fold_cross_validation|createDataPartition|initial_split|validation_(?:split|data)|eval_set|holdout|hold_out|validation_generator|random_split", re.IGNORECASE)
_FITTING = re.compile(r"\.fit\(|\.train\(|train\(|lm\(|glm\(|coxph\(")
# A sentence about models at large, or about what is hoped for, says nothing of this one.
_GENERAL = re.compile(r"\b(?:assum\w*|overall design|how well|does not|doesn't|such that|so that|will|would|should|could|may|might|if|when|whether|ensure\w*|algorithms?|models that|a model|any model|help\w*|in general|typically|usually|often|want|need|goal|try|tries)\b", re.IGNORECASE)
_NOT = re.compile(r"\b(?:not|whether|if|does|should|need to|try|aim|to)\s+(?:\w+\s+){0,2}$", re.IGNORECASE)


def check_quality(sentence: Sentence, work: Work) -> Iterator[Finding]:
    """What a sentence assures or judges."""
    if sentence.kind in {"snippet", "badge", "heading"} or sentence.text.rstrip().endswith("?"):
        return
    yield from _leakage(sentence, work)
    yield from _overfitting(sentence, work)
    yield from _fit(sentence, work)
    if sentence.commentary:
        return
    for pattern, why in ((_SUPERLATIVE, "A judgement that no file can show."), (_OUTCOME, "An outcome that no repository can show."), (_ROLE, "A role among people, which no repository shows.")):
        match = pattern.search(sentence.text)
        if match and not (pattern is _OUTCOME and _measured(match[0], work)):
            yield Finding(around(sentence.text, match[0]), Verdict.NOT_CHECKABLE, why)
    yield from _sole(sentence, work)


def _measured(text: str, work: Work) -> bool:
    """Whether the numbers of an outcome stand in what runs put out: then it is no outcome in the world."""
    numbers = [n for n in re.findall(r"\d[\d,.]*\d|\d", text) if len(n) > 2]
    return bool(numbers) and all(any(n.replace(",", "") in d.text.replace(",", "") for d in work.documents if d.rank is Rank.OUTPUT) for n in numbers)


def _leakage(sentence: Sentence, work: Work) -> Iterator[Finding]:
    match = _LEAKAGE.search(sentence.text)
    if match is None or re.search(r"\bmemory leak|\bsecret|\bcredential|\bgoroutine", sentence.text, re.IGNORECASE):
        return
    said = around(sentence.text, match[0])
    shown = [e for e in work.index.evidence if e.rule.startswith("ml.leakage.") and e.liveness is Liveness.LIVE and e.rank in {Rank.CODE, Rank.TEST, Rank.OUTPUT}]
    if shown:
        tested = sorted(shown, key=lambda e: (e.rank is not Rank.TEST, -e.strength))
        yield Finding(said, Verdict.SUPPORTED, "The work guards against it.", tuple(Place(e.source, e.path, e.start, e.end) for e in tested[:2]))
        return
    searched = ("tests for leakage, pipelines fitted on training data only, cut-off dates",)
    split = work.find(re.compile(r"train_test_split|TimeSeriesSplit|createDataPartition"), limit=1)
    rewording = "The data are split into training and test; leakage is not examined" if split else None
    yield Finding(said, Verdict.UNSUPPORTED, "Nothing tests for leakage or rules it out.", (), (), searched, rewording)


def _overfitting(sentence: Sentence, work: Work) -> Iterator[Finding]:
    match = _OVERFIT.search(sentence.text)
    if match is None or (_NOT.search(sentence.text[: match.start()]) and not re.search(r"\b(?:do|does|did)\b|making sure", sentence.text)):
        return
    said = around(sentence.text, match[0])
    source = sentence.place.source
    compared = [e for e in work.index.evidence if e.source == source and e.liveness is Liveness.LIVE and re.match(r"ml\.overfitting\.(?:early-stopping|gap|train-and-test|learning-curve|curve|compared|printed)", e.rule)]
    both = _both_scores(work, source)
    if compared or both:
        yield Finding(said, Verdict.SUPPORTED, "Training and held-out scores stand side by side, or a curve does.", tuple([Place(e.source, e.path, e.start, e.end) for e in compared[:2]] or both))
        return
    own = [d for d in work.made if d.source == source]
    guards = work.find(re.compile(r"cross_val_score\(|cross_validate\("), own, limit=2) or work.find(re.compile(r"GridSearchCV\(|RandomizedSearchCV\(|KFold\(|max_depth|dropout|Dropout\(|regulari[sz]|l2\("), own, limit=2)
    searched = ("a score on the training data beside one on held-out data, learning curves, early stopping",)
    if guards:
        yield Finding(said, Verdict.OVERSTATED, "There are guards, and no score on the training data is set beside the held-out one.", tuple(guards), (), searched, "Overfitting is limited by the model's settings and cross-validation; the gap between training and test is not shown")
    else:
        yield Finding(said, Verdict.UNSUPPORTED, "Nothing compares training with held-out data.", (), (), searched)


def _both_scores(work: Work, source: str) -> list[Place]:
    """Where a score on the training data and one on held-out data are both computed without folds."""
    train = re.compile(r"(?:score|evaluate|accuracy_score|mean_squared_error|f1_score|roc_auc_score|r2_score)\([^)]*\btrain|train(?:ing)?[ _](?:acc\w*|score|auc|f1|rmse|loss|error)\b|history\.history\[|['\"]accuracy['\"]\]", re.IGNORECASE)
    for document in work.made:
        if document.source != source:
            continue
        hits = [n for n, line in work.code_lines(document) if train.search(line) and "cross_val" not in line]
        if hits:
            return [Place(source, document.path, hits[0], hits[0])]
    return []


def _fit(sentence: Sentence, work: Work) -> Iterator[Finding]:
    match = _FIT.search(sentence.text)
    if match is None or _NOT.search(sentence.text[: match.start()]) or _GENERAL.search(sentence.text):
        return
    said = around(sentence.text, match[0])
    fitted = [d for d in work.made if d.source == sentence.place.source and d.kind in {DocumentKind.CODE, DocumentKind.NOTEBOOK} and _about(d, sentence, work)]
    if not fitted:
        return
    held = [(d, n) for d in fitted for n, line in work.code_lines(d) if _HELD.search(line)]
    if held:
        document, number = held[0]
        scored = _MEASURES.search(document.text)
        verdict = Verdict.SUPPORTED if scored else Verdict.UNSUPPORTED
        yield Finding(said, verdict, "The model is scored on held-out data." if scored else "The data are split, and no score is shown.", (Place(document.source, document.path, number, number),))
        return
    document = fitted[0]
    at = _fitting_line(document, sentence, work)
    rewording = "The model was fitted and judged on the same data; how it does on other data is not shown"
    yield Finding(said, Verdict.OVERSTATED, "The model is judged on the data that it was fitted on.", (Place(document.source, document.path, at, at),), (), ("a split, folds or a hold-out in the file that fits the model",), rewording)


def _fitting_line(document: Document, sentence: Sentence, work: Work) -> int:
    """The line that fits the model spoken of: its own lines and those before it share most words with the paragraph."""
    said = set(re.findall(r"[a-z]{3,}", f"{sentence.section} {sentence.raw}".lower())) - {"the", "model", "fit", "data"}
    code = dict(work.code_lines(document))
    fits = [n for n, line in code.items() if _FITTING.search(line)]
    return max(fits, key=lambda n: len(said & set(re.findall(r"[a-z]{3,}", re.sub(r"(?<=[a-z])(?=[A-Z])|[_.]", " ", " ".join(code.get(i, "") for i in range(n - 2, n + 1))).lower()))))


def _about(document: Document, sentence: Sentence, work: Work) -> bool:
    """Whether a document fits a model, and the one that the sentence's section speaks of where that can be told."""
    if not any(_FITTING.search(line) for _, line in work.code_lines(document)):
        return False
    if sentence.commentary:
        return document.path == sentence.place.path
    known = {d.path: _words(d.path) for d in work.made if d.source == document.source}
    for said in (f"{sentence.section.rsplit(' > ', 1)[-1]} {sentence.text}", sentence.section):
        topic = _words(said)
        best = max((len(topic & words) for path, words in known.items() if path.endswith((".ipynb", ".py", ".R"))), default=0)
        if best:
            return len(topic & known[document.path]) == best
    return True


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]{4,}", text.lower())) - {"model", "models", "data", "analysis", "notebooks", "notebook", "ipynb", "customer", "project", "prediction"}


def _sole(sentence: Sentence, work: Work) -> Iterator[Finding]:
    match = _SOLE.search(sentence.text)
    if match is None:
        return
    for info, _, history in work.index.sources:
        authors = (history or {}).get("authors", []) if info.name == sentence.place.source or sentence.resume else []
        humans = [a for a in authors if not re.search(r"bot\b|\[bot\]", a["name"], re.IGNORECASE)]
        if len({a["name"].lower() for a in humans}) > 2 and sum(a["commits"] for a in humans[1:]) > 0.2 * sum(a["commits"] for a in humans):
            yield Finding(match[0], Verdict.CONTRADICTED, f"The history of {info.name} has {len(humans)} authors.", (), (), (f"{len(humans)} authors in the history of {info.name}",))
            return
    yield Finding(match[0], Verdict.NOT_CHECKABLE, "The history does not speak against it.")
