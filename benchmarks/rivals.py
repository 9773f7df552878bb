"""Builds one rival's index over the exported passages and searches it: run by compile_and_ask.py, under the rivals' Python.

    python benchmarks/rivals.py NAME PASSAGES.jsonl QUESTIONS.txt [MODEL_FOLDER]

What is timed is the index over texts that lie in memory: reading and cutting the files is not, for Proofolio it is.
"""

from __future__ import annotations

import logging
import os
import sys
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version

from probe import HITS, Clock, passages, percentile, questions, say, times_ms

Search = Callable[[str], object]
Build = Callable[[list[tuple[int, str]]], Search]
for _switch in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HAYSTACK_TELEMETRY_ENABLED", "DO_NOT_TRACK"):
    os.environ[_switch] = "False" if _switch.startswith("HAYSTACK") else "1"
warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)


def langchain(_: str) -> tuple[str, Build]:
    from langchain_community.retrievers import BM25Retriever

    def build(texts: list[tuple[int, str]]) -> Search:
        retriever = BM25Retriever.from_texts(
            [t for _, t in texts], metadatas=[{"id": i} for i, _ in texts], k=HITS
        )
        return lambda question: retriever.invoke(question)

    return f"LangChain BM25Retriever (langchain-community {version('langchain-community')})", build


def haystack(_: str) -> tuple[str, Build]:
    from haystack import Document
    from haystack.components.retrievers.in_memory import InMemoryBM25Retriever
    from haystack.document_stores.in_memory import InMemoryDocumentStore

    def build(texts: list[tuple[int, str]]) -> Search:
        store = InMemoryDocumentStore()
        store.write_documents([Document(content=t, meta={"id": i}) for i, t in texts])
        retriever = InMemoryBM25Retriever(document_store=store, top_k=HITS)
        return lambda question: retriever.run(query=question)

    return f"Haystack InMemoryBM25Retriever (haystack-ai {version('haystack-ai')})", build


def llamaindex(_: str) -> tuple[str, Build]:
    from llama_index.core.schema import TextNode
    from llama_index.retrievers.bm25 import BM25Retriever

    def build(texts: list[tuple[int, str]]) -> Search:
        nodes = [TextNode(id_=str(i), text=t) for i, t in texts]
        retriever = BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=HITS)
        return lambda question: retriever.retrieve(question)

    return (
        f"LlamaIndex BM25Retriever (llama-index-retrievers-bm25 {version('llama-index-retrievers-bm25')})",
        build,
    )


def txtai(_: str) -> tuple[str, Build]:
    from txtai import Embeddings

    def build(texts: list[tuple[int, str]]) -> Search:
        index = Embeddings(keyword=True)
        index.index(texts)
        return lambda question: index.search(question, HITS)

    return f"txtai keyword index (txtai {version('txtai')})", build


def txtai_dense(model: str) -> tuple[str, Build]:
    from txtai import Embeddings

    def build(texts: list[tuple[int, str]]) -> Search:
        index = Embeddings(path=model, backend="numpy")  # exact search, as Proofolio's
        index.index(texts)
        return lambda question: index.search(question, HITS)

    return f"txtai embeddings (txtai {version('txtai')}, model from a folder)", build


RIVALS = {
    "langchain": langchain,
    "haystack": haystack,
    "llamaindex": llamaindex,
    "txtai": txtai,
    "txtai-dense": txtai_dense,
}


def main() -> None:
    name, texts_path, questions_path, *model = sys.argv[1:]
    began = time.perf_counter()
    label, build = RIVALS[name](model[0] if model else "")
    imports = time.perf_counter() - began
    texts = passages(texts_path)
    warm, asked = questions(questions_path)
    with Clock() as clock:
        search = build(texts)
    with Clock() as first:
        search(warm[0])
    times_ms(search, warm)
    taken = times_ms(search, asked)
    say(
        label=label,
        seconds=clock.seconds,
        cpu=clock.cpu,
        first=imports + clock.seconds + first.seconds,
        p50=percentile(taken, 0.5),
        p95=percentile(taken, 0.95),
    )


if __name__ == "__main__":
    main()
