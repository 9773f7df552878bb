"""Takes one measure of Proofolio or of a floor and prints it: run by compile_and_ask.py, each in a process of its own.

python benchmarks/measures.py MEASURE ARGUMENTS...
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

from probe import HITS, Clock, passages, percentile, questions, say, times_ms

MAX_PARSED = 2_000_000  # characters; longer files are generated, and the engine does not parse them either


def prepare(tree: str, cache: str, files: str, texts: str) -> None:
    """Compile once, untimed, and write down what the other measures work on: the files, and the passages' texts."""
    from proofolio.readers.parsing import GRAMMARS
    from proofolio.settings import Settings
    from proofolio.workflows import open_compiled

    with (
        open_compiled(tree, Settings(cache=cache, encoder="none"), vectors="later") as portfolio,
        Path(texts).open("w", encoding="utf-8") as out,
    ):
        listed: list[tuple[str, str | None]] = []
        for _, source, path in portfolio.index.paths:
            document = portfolio.document(source, path)
            place = Path(tree) / path
            if document is not None and place.is_file():
                listed.append((str(place), GRAMMARS.get(document.language)))
            for p in portfolio.index.passages_of(source, path):
                text = f"{path} {p.symbol} {p.context}\n{portfolio.index.text(p)}"
                out.write(json.dumps({"id": p.id, "text": text}) + "\n")
        counts = portfolio.report.counts if portfolio.report else {}
    Path(files).write_text(json.dumps(listed), encoding="utf-8")
    size = sum(Path(f).stat().st_size for f, _ in listed)
    say(
        documents=counts["documents"],
        passages=counts["passages"],
        evidence=counts["evidence"],
        mb=size / 1e6,
        parsed=sum(g is not None for _, g in listed),
    )


def floor(files: str, how: str) -> None:
    """Read and hash the files that the compile reads; with ``parse``, also parse those that it parses."""
    from ast_grep_py import SgRoot

    listed = [(Path(path), grammar) for path, grammar in json.loads(Path(files).read_text(encoding="utf-8"))]
    with Clock() as clock:
        for path, grammar in listed:
            data = path.read_bytes()
            hashlib.sha256(data).hexdigest()
            if how == "parse" and grammar is not None:
                text = data.decode("utf-8", "replace")
                if len(text) <= MAX_PARSED:
                    SgRoot(text, grammar).root()
    say(seconds=clock.seconds, cpu=clock.cpu)


def fts(texts: str, asked_from: str) -> None:
    """SQLite's FTS5 alone over the same passages: what the dossier's search by words costs without the rest."""
    rows = passages(texts)
    warm, asked = questions(asked_from)
    db = sqlite3.connect(":memory:")
    with Clock() as clock:
        db.execute("CREATE VIRTUAL TABLE f USING fts5(body, tokenize = 'porter unicode61')")
        db.executemany("INSERT INTO f(rowid, body) VALUES (?, ?)", rows)
        db.commit()

    def search(question: str) -> object:
        match = " OR ".join(
            f'"{w}"' for w in dict.fromkeys("".join(c if c.isalnum() else " " for c in question).split())
        )
        return db.execute(
            f"SELECT rowid, bm25(f) FROM f WHERE f MATCH ? ORDER BY bm25(f) LIMIT {HITS}", (match,)
        ).fetchall()

    with Clock() as first:
        search(warm[0])
    times_ms(search, warm)
    taken = times_ms(search, asked)
    say(
        label=f"SQLite FTS5 alone (SQLite {sqlite3.sqlite_version})",
        seconds=clock.seconds,
        cpu=clock.cpu,
        first=clock.seconds + first.seconds,
        p50=percentile(taken, 0.5),
        p95=percentile(taken, 0.95),
    )


def compile_tree(tree: str, cache: str) -> None:
    """Compile without vectors: the first time, again with nothing changed, or after a change."""
    from proofolio.compiling import compile_portfolio
    from proofolio.settings import Settings

    with Clock() as clock:
        report = compile_portfolio(tree, Settings(cache=cache, encoder="none"))
    say(
        seconds=clock.seconds,
        cpu=clock.cpu,
        read=report.read,
        unchanged=report.unchanged,
        dossier_mb=report.dossier.stat().st_size / 1e6,
    )


def vectors(tree: str, cache: str) -> None:
    """The default encoder's vectors for a dossier that has none."""
    from proofolio.settings import Settings
    from proofolio.workflows import open_compiled

    with open_compiled(tree, Settings(cache=cache), vectors="later") as portfolio, Clock() as clock:
        portfolio.make_vectors()
    say(seconds=clock.seconds, cpu=clock.cpu)


def ask(tree: str, cache: str, encoder: str, asked_from: str) -> None:
    """Warm asks: questions that are new to an open portfolio, the same ones again, and the search by words alone."""
    from proofolio.retrieval.words import content_words
    from proofolio.settings import Settings
    from proofolio.workflows import open_compiled

    warm, asked = questions(asked_from)
    with Clock() as opened:
        portfolio = open_compiled(tree, Settings(cache=cache, encoder=encoder), vectors="later")
    with portfolio, Clock() as clock:
        times_ms(portfolio.ask, warm)
        new = times_ms(portfolio.ask, asked)
        again = times_ms(portfolio.ask, asked)
    with open_compiled(tree, Settings(cache=cache, encoder=encoder), vectors="later") as fresh:  # it has ranked no word yet

        def search(question: str) -> object:
            return fresh.index.fetch([k for k, _ in fresh.index.lexical(content_words(question), HITS)])

        times_ms(search, warm)
        words = times_ms(search, asked)
    say(
        seconds=clock.seconds, cpu=clock.cpu, opened=opened.seconds, p50=percentile(new, 0.5), p95=percentile(new, 0.95), most=max(new),
        again_p50=percentile(again, 0.5), again_p95=percentile(again, 0.95), words_p50=percentile(words, 0.5), words_p95=percentile(words, 0.95),
    )  # fmt: skip


MEASURES: dict[str, Callable[..., None]] = {
    "prepare": prepare,
    "floor": floor,
    "fts": fts,
    "compile": compile_tree,
    "vectors": vectors,
    "ask": ask,
}

if __name__ == "__main__":
    MEASURES[sys.argv[1]](*sys.argv[2:])
