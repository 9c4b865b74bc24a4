"""Training and evaluation data of the sentiment model: headlines with labels."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.base.errors import UserError

TRAIN: Final = Path("news/twitter_train.csv")
VALID: Final = Path("news/twitter_valid.csv")
PHRASEBANK: Final = Path("news/phrasebank_50agree.txt")
_TWITTER_CLASS: Final = {"0": 0, "1": 2, "2": 1}
"""Classes of the file's labels bearish, bullish and neutral, as indices in LABELS."""
_PHRASEBANK_CLASS: Final = {"negative": 0, "neutral": 1, "positive": 2}


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts with their classes, int64[n], which are indices in LABELS."""

    texts: list[str]
    classes: NDArray[np.int64]


def twitter(path: Path) -> Texts:
    """Read a CSV file with the columns text and label; duplicates of a text count once.

    Raises
    ------
    UserError
        The file is missing, or has other columns or labels.
    """
    _require(path)
    with path.open(encoding="utf-8", newline="") as file:
        rows = {row.get("text"): row.get("label") for row in csv.DictReader(file)}
    return _texts(path, rows, _TWITTER_CLASS)


def phrasebank(path: Path) -> Texts:
    """Read a file with lines ``text@label``, without duplicates; for evaluation only.

    Raises
    ------
    UserError
        The file is missing, or has other lines.
    """
    _require(path)
    rows: dict[str | None, str | None] = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        text, _, label = line.rpartition("@")
        rows[text.strip()] = label.strip()
    return _texts(path, rows, _PHRASEBANK_CLASS)


def _texts(path: Path, rows: dict[str | None, str | None], classes: dict[str, int]) -> Texts:
    texts = [text for text in rows if text]
    labels = [rows[text] for text in texts]
    if not texts or any(label not in classes for label in labels):
        raise UserError(
            f"{path} must hold texts with the labels {', '.join(classes)}, and does not."
        )
    return Texts(texts, np.array([classes[label] for label in labels if label is not None]))


def _require(path: Path) -> None:
    if not path.is_file():
        raise UserError(f"{path} is missing; name the folder of the data with --data.")
