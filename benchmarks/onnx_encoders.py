"""The transformer encoders that encoders.py compares: ONNX models from local folders, registered as a stranger's would be.

``PROOFOLIO_BENCH_MINILM`` and ``PROOFOLIO_BENCH_BGE`` name folders that hold ``model.onnx`` and ``tokenizer.json``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proofolio.retrieval.encoder import StaticEncoder

MAX_PIECES = 128  # of a passage's head: the cost grows with the length, at least in proportion
BATCH = 8


class OnnxEncoder:
    """Sentence vectors of a BERT-like model; ``first`` takes the first piece's vector instead of the mean.

    How much a word says is taken from the static table, so that encoders differ in their vectors alone.
    """

    def __init__(self, name: str, folder: Path, first: bool, dimensions: int = 384) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        self.name, self.dimensions, self._first = name, dimensions, first
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._model: Any = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._inputs = [i.name for i in self._model.get_inputs()]
        self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(MAX_PIECES)
        self._tokenizer.no_padding()
        self.salience = StaticEncoder().salience

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        """Rows of shape (len(texts), dimensions), each of length 1."""
        rows = np.zeros((len(texts), self.dimensions), np.float32)
        encoded = self._tokenizer.encode_batch(texts)
        order = sorted(
            range(len(texts)), key=lambda i: len(encoded[i].ids)
        )  # texts of a length together: less padding
        for begin in range(0, len(order), BATCH):
            chosen = order[begin : begin + BATCH]
            width = max(len(encoded[i].ids) for i in chosen)
            ids, mask = np.zeros((len(chosen), width), np.int64), np.zeros((len(chosen), width), np.int64)
            for row, i in enumerate(chosen):
                count = len(encoded[i].ids)
                ids[row, :count], mask[row, :count] = encoded[i].ids, 1
            offered = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
            out = self._model.run(None, {name: offered[name] for name in self._inputs})[0]
            if out.ndim == 3:
                out = (
                    out[:, 0] if self._first else (out * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
                )
            rows[chosen] = out / np.linalg.norm(out, axis=1, keepdims=True)
        return rows


def minilm() -> OnnxEncoder:
    """all-MiniLM-L6-v2, int8."""
    return OnnxEncoder("minilm-l6-int8", Path(os.environ["PROOFOLIO_BENCH_MINILM"]), first=False)


def bge() -> OnnxEncoder:
    """bge-small-en, int8, without the instruction that it knows for questions: encoders are not told what a text is."""
    return OnnxEncoder("bge-small-en", Path(os.environ["PROOFOLIO_BENCH_BGE"]), first=True)
