"""Cost of scoring a headline, in processor time and memory, compared with scikit-learn.

Run it with ``python -m bench.models.sentiment [--data FOLDER]``. With the folder of training data
(see docs/models.md) it scores tweets, without it stories of the simulated newswire. "new words" is
a fresh model, "known words" one that has seen the words before.
"""

from __future__ import annotations

import argparse
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from tickfire.ingest.news.wire import story
from tickfire.models.artifact import SHIPPED
from tickfire.models.sentiment import data
from tickfire.models.sentiment.model import SentimentModel

STORIES: Final = 2_000
PEER_TEXTS: Final = 200
SYMBOLS: Final = ("AAPL", "MSFT", "NVDA", "ESZ6", "GCZ6", "BAC")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench.models.sentiment", description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of the training data")
    texts = headlines(parser.parse_args().data)
    model = SentimentModel.open(SHIPPED / "sentiment.json")
    print(f"{len(texts):,} headlines, us of processor time   p50      p99")
    row("new words", each(model.score, texts))
    row("known words", each(model.score, texts))
    row("scikit-learn, one at a time", each(*peer(texts)))
    print(f"memory of a model that has seen them: {memory_mb(texts):.1f} MB")


def headlines(folder: Path | None) -> list[str]:
    """Return the texts to score."""
    if folder is not None:
        return data.twitter(folder / data.VALID).texts
    return [story(1, k, SYMBOLS).title for k in range(STORIES)]


def each(score: Callable[[str], Any], texts: Sequence[str]) -> list[float]:
    """Return the processor time of scoring each text, in us."""
    taken = []
    for text in texts:
        began = time.thread_time_ns()
        score(text)
        taken.append((time.thread_time_ns() - began) / 1e3)
    return taken


def peer(texts: Sequence[str]) -> tuple[Callable[[str], Any], Sequence[str]]:
    """Return scikit-learn's pipeline over the same kinds of n-grams, and texts to score with it."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    words = TfidfVectorizer(ngram_range=(1, 2))
    chars = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), max_features=12_000)
    pipeline = make_pipeline(make_union(words, chars), LogisticRegression(max_iter=50, tol=0.1))
    pipeline.fit(texts, [len(text) % 3 for text in texts])
    return lambda text: pipeline.predict_proba([text]), texts[:PEER_TEXTS]


def memory_mb(texts: Sequence[str]) -> float:
    """Return the memory of a model and its caches, in MB."""
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    model = SentimentModel.open(SHIPPED / "sentiment.json")
    for text in texts:
        model.score(text)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (after - before) / 1e6


def row(name: str, taken: Sequence[float]) -> None:
    """Print the median and the 99th percentile."""
    middle, late = np.percentile(taken, [50, 99])
    print(f"{name:38}{middle:9.1f}{late:9.1f}")


if __name__ == "__main__":
    main()
