"""Finds what a picture shows from the words around it: titles in code, headings, alt texts, file names."""

from __future__ import annotations

import re

_QUOTED = r"""(?:[rRfFbBuU]{0,2})(?P<q>["'])(?P<text>(?:(?!(?P=q)).)+)(?P=q)"""
_TITLE = re.compile(
    rf"(?:\b(?:plt|ax\w*|axes?\w*|axs?\w*\[[^\]]*\]|fig\w*|g)\.(?:title|set_title|suptitle|set_axis_labels)\s*\(\s*"
    rf"|\.set_title\s*\(\s*|\bggtitle\s*\(\s*|\b(?:title|main|title_text|plot_title|suptitle)\s*=\s*(?:dict\(text=)?)"
    rf"{_QUOTED}"
)
_SAVED = re.compile(
    rf"\b(?:savefig|write_image|write_html|ggsave|save_png|png|imsave|imwrite)\s*\([^\"'\n]{{0,60}}{_QUOTED}"
)
_PLOT_CALL = re.compile(
    r"(?<![\w.])(?P<call>(?:[A-Za-z_][\w\[\]\"']*\.)*(?:\w*plot\w*|hist|histogram|scatter|barh?|boxplot|heatmap|imshow|"
    r"pie|line|area|violin|matshow|contourf?|countplot|pairplot|waterfall|beeswarm|force|from_estimator|"
    r"from_predictions|from_estimators|ggplot|choropleth|show_\w+|draw_\w+)\s*\([^\n]{0,100})"
)
_NO_PLOT = re.compile(r"\b(?:subplots?|subplots_adjust|import|figure|ggplot2|matplotlib|tight_layout)\b")
_HEADING = re.compile(r"^[ ]{0,3}(?P<marks>#{1,6})[ \t]+(?P<text>\S.*)$", re.MULTILINE)
_MARKUP = re.compile(r"!\[([^\[\]]*)\]\([^()]*\)|\[([^\[\]]*)\]\([^()]*\)|<[^<>]{1,500}>|[*_`~#>|]+")
MAX_CAPTION = 160
MAX_SOURCE = 50_000  # characters of a cell that are looked at; a longer one holds data


def caption_from_code(source: str, count: int) -> list[str]:
    """One caption for each of ``count`` pictures that ``source`` draws; "" where the code does not say."""
    source = source[:MAX_SOURCE]
    titles = [_tidy(match["text"]) for match in _TITLE.finditer(source)]
    titles = [title for title in titles if title]
    if count and len(titles) >= count:
        # Several titles in one picture (subplots) belong together; as many as pictures go one to one.
        return titles if len(titles) == count else _shared_out(titles, count)
    calls = plot_calls(source)
    rest = calls[len(titles) :] if len(calls) >= count else calls
    saved = [plain_words(_stem(match["text"])) for match in _SAVED.finditer(source)]
    named = [name for name in saved if " " in name]  # "plot.png" says less than the call that draws it
    pool = titles + (named if len(named) >= count - len(titles) else []) + rest
    found = pool[:count]
    return found + [(pool[-1] if pool else "")] * (count - len(found))


def _shared_out(titles: list[str], count: int) -> list[str]:
    if count == 1:
        return [_cut("; ".join(dict.fromkeys(titles)))]
    return [*titles[: count - 1], _cut("; ".join(dict.fromkeys(titles[count - 1 :])))]


def plot_calls(source: str) -> list[str]:
    """The calls of ``source`` that draw, as written: ``shap.summary_plot(values, X)``."""
    found = []
    for line in source[:MAX_SOURCE].split("\n"):
        code = line[:500].split("#", 1)[0]
        match = _PLOT_CALL.search(code)
        if match and not _NO_PLOT.search(code.split("(", 1)[0]):
            found.append(_cut(_balanced(match["call"].strip())))
    return found


def saved_names(source: str) -> list[tuple[str, int]]:
    """File names that ``source`` saves pictures under, with the 1-based line."""
    return [(m["text"], source.count("\n", 0, m.start()) + 1) for m in _SAVED.finditer(source)]


def heading_of(markdown: str) -> str:
    """The last heading of a Markdown text, without its marks, or ""."""
    found = ""
    for match in _HEADING.finditer(markdown):
        found = match["text"]
    return _cut(plain_words(found))


def heading_level(line: str) -> tuple[int, str] | None:
    """Level (1 to 6) and words of a Markdown heading line, or None for any other line."""
    match = _HEADING.match(line)
    return (len(match["marks"]), plain_words(match["text"])) if match else None


def plain_words(text: str) -> str:
    """``text`` without Markdown and HTML marks, on one line; names with dashes become words."""
    words = _MARKUP.sub(lambda m: f" {m.group(1) or m.group(2) or ''} ", text[:20_000])
    return " ".join(words.replace("_", " ").split())


def words_of_path(path: str) -> str:
    """The words that a file's name and folder give: ``plots/roc_curve-final.png`` is "roc curve final"."""
    return " ".join(re.sub(r"[_\-.]+", " ", _split_camel(_stem(path))).split())


def _stem(path: str) -> str:
    return path.replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0]


def _split_camel(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)


def _balanced(call: str) -> str:
    """``call`` up to the bracket that closes it, or as far as the line goes."""
    depth = 0
    for i, character in enumerate(call):
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
            if depth == 0:
                return call[: i + 1]
    return call


def _tidy(text: str) -> str:
    return _cut(" ".join(text.replace("\\n", " ").split()))


def _cut(text: str) -> str:
    return text if len(text) <= MAX_CAPTION else text[: MAX_CAPTION - 1].rstrip() + "…"
