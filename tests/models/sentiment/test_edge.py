"""The browser's scores compared with the server's, over headlines and any other text."""

from __future__ import annotations

import json
import os
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import CLIENT
from tickfire.models.artifact import SHIPPED
from tickfire.models.sentiment import data, lexicon
from tickfire.models.sentiment.model import SentimentModel

HEADLINES = 1_000
ODD = [*"éßK🚀$#?%", "\u0130", "\u2019s", "\u2028", "\xa0", "12.5.2008", "-3%"]


def _invented(count: int) -> list[str]:
    """Return lines of the lexicon's words, figures and odd characters."""
    chance = random.Random(7)
    words = [*lexicon.words(), "compared", "to", "from", "mn", "bn", "2007", "1,200.5", "+4%", *ODD]
    return [" ".join(chance.choices(words, k=chance.randint(0, 30))) for _ in range(count)]


def _equal(texts: list[str], folder: Path) -> None:
    model = SentimentModel.open(SHIPPED / "sentiment.json")
    rows: list[dict[str, Any]] = []
    for text in texts:
        found = model.score(text)
        score = {
            "label": found.label,
            "probabilities": found.probabilities,
            "abstained": found.abstained,
            "words": found.words,
        }
        rows.append({"text": text, "score": score})
    vectors = folder / "vectors.json"
    vectors.write_text(json.dumps(rows), encoding="utf-8")
    run = subprocess.run(
        ["npx", "vitest", "run", "test/sentiment.test.ts"],
        cwd=CLIENT,
        env={**os.environ, "TICKFIRE_SENTIMENT_VECTORS": str(vectors), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=170,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"equal {len(texts)}" in run.stdout, run.stdout


@pytest.mark.timeout(180)
def test_browser_scores_any_text_as_server_does(tmp_path: Path) -> None:
    _equal(_invented(1_000), tmp_path)


@pytest.mark.shared_data
@pytest.mark.timeout(180)
def test_browser_scores_headlines_as_server_does(shared: Path, tmp_path: Path) -> None:
    texts = data.twitter(shared / "data" / data.VALID).texts[:HEADLINES]
    assert len(texts) == HEADLINES
    _equal(texts, tmp_path)
