"""`SentimentModel`: scoring of headlines from an artifact, in plain Python.

Each block of features (word n-grams, character n-grams, lexicon) gives a sum of whole numbers for
each class, which is exact. What follows are a dozen operations on doubles in a fixed order, so the
browser gets the same bits (client_js/src/models/sentiment.ts).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tickfire.kernels.maths import exp
from tickfire.models.artifact import Artifact, ArtifactError, load
from tickfire.models.sentiment.features import (
    LEXICON_FEATURES,
    char_ngrams,
    lexicon_features,
)
from tickfire.models.sentiment.text import shape, tokens

type Sums = tuple[int, int, int, int]
"""The weighted sum of each class, then the sum of squares."""
type Hit = tuple[Sums, int, int]
"""The sums of an n-gram, and the indices of its first and last token."""

__all__ = ["KIND", "LABELS", "MAX_WORDS", "VERSION", "Score", "SentimentModel"]

KIND: Final = "sentiment"
VERSION: Final = 1
LABELS: Final = ("bearish", "neutral", "bullish")
CLASSES: Final = range(len(LABELS))
MAX_WORDS: Final = 3
"""Maximum number of deciding words to name."""
LEAST_WEIGHT: Final = 0.05
"""Least contribution of a deciding word, in logits."""
_CACHED_WORDS: Final = 16_384
"""Number of words whose character n-grams are cached."""
_NOTHING: Final = (0, 0, 0, 0)
_ARRAYS: Final = {
    f"{block}_{part}" for block in ("word", "char") for part in ("text", "idf", "weights")
} | {"lexicon_weights", "scales", "bias"}


@dataclass(frozen=True, slots=True)
class Score:
    """Sentiment of a text.

    Attributes
    ----------
    label : str
        The most probable one of `LABELS`.
    probabilities : tuple of float
        Probabilities of `LABELS`.
    abstained : bool
        True if the highest probability is below the artifact's threshold.
    words : tuple of (str, float)
        The words that contributed most to the label, heaviest first, with their logits.
    """

    label: str
    probabilities: tuple[float, float, float]
    abstained: bool
    words: tuple[tuple[str, float], ...]


def _block(arrays: Mapping[str, NDArray[Any]], name: str) -> dict[str, Sums]:
    """Return the n-grams of a block, each with its idf times its weights, and its idf squared."""
    text = arrays[f"{name}_text"].tobytes().decode()
    grams = text.split("\n") if text else []
    idf, weights = arrays[f"{name}_idf"], arrays[f"{name}_weights"]
    different = len(set(grams))
    if weights.shape != (different, len(LABELS)) or idf.shape != (len(grams),):
        raise ValueError(f"the {name} n-grams and their weights differ in number")
    whole = idf.astype(np.int64)[:, None]
    rows = np.hstack([whole * weights.astype(np.int64), whole * whole]).tolist()
    return {gram: (a, b, c, square) for gram, (a, b, c, square) in zip(grams, rows, strict=True)}


class SentimentModel:
    """Model that scores headlines.

    Parameters
    ----------
    artifact : Artifact
        Of kind `KIND` and version `VERSION`.

    Attributes
    ----------
    name : str
        Name and version.
    threshold : float
        Probability below which the model abstains.

    Raises
    ------
    ArtifactError
        The arrays are not those of a sentiment model, or the golden vectors are not reproduced.
    """

    def __init__(self, artifact: Artifact) -> None:
        self.name = f"{artifact.name}/{artifact.version}"
        self.artifact = artifact
        try:
            self._take(artifact)
            self._check(artifact)
        except (KeyError, TypeError, ValueError) as error:
            raise ArtifactError(
                f"the artifact {artifact.name} is refused: {error}; "
                "train it again with `tickfire train`."
            ) from error

    @classmethod
    def open(cls, path: Path) -> SentimentModel:
        """Return the model of an artifact, by the path of its manifest.

        Raises
        ------
        ArtifactError
            The artifact cannot be used.
        """
        return cls(load(path, KIND, VERSION))

    def _take(self, artifact: Artifact) -> None:
        arrays = artifact.arrays
        if set(arrays) != _ARRAYS:
            raise ValueError("its arrays are not those of a sentiment model")
        self._words, self._chars = _block(arrays, "word"), _block(arrays, "char")
        self._lexicon_weights = [list(map(int, row)) for row in arrays["lexicon_weights"]]
        if len(self._lexicon_weights) != len(LEXICON_FEATURES):
            raise ValueError("its lexicon features are not those of this version")
        self._scales = [float(scale) for scale in arrays["scales"]]
        self._bias = [float(bias) for bias in arrays["bias"]]
        self.threshold = float(artifact.options["threshold"])
        self._lexicon = {str(word): int(bits) for word, bits in artifact.options["lexicon"].items()}
        self._pieces: dict[str, Sums] = {}

    def _check(self, artifact: Artifact) -> None:
        for golden in artifact.golden:
            found = self.score(golden["input"])
            if list(found.probabilities) != golden["output"]:
                raise ValueError(f"it gives {found.probabilities} for {golden['input']!r}")

    # It stays in one piece, from tokens to a label, to be compared line by line with the browser's
    # copy.
    def score(self, text: str) -> Score:
        """Return the sentiment of a text."""
        read = tokens(text)
        words = self._word_hits(read)
        word_sums = _total([sums for sums, _, _ in words])
        chars = [self._pieces_of(token) for token in read]
        char_sums = _total(chars)
        owners: list[tuple[int, int]] = []
        counts = lexicon_features(read, self._lexicon, owners)
        table = self._lexicon_weights
        by_word = self._scales[0] / math.sqrt(word_sums[3]) if word_sums[3] else 0.0
        by_char = self._scales[1] / math.sqrt(char_sums[3]) if char_sums[3] else 0.0
        by_lexicon = self._scales[2]
        logits = [
            self._bias[c]
            + by_word * word_sums[c]
            + by_char * char_sums[c]
            + by_lexicon * sum([n * table[f][c] for f, n in enumerate(counts) if n])
            for c in CLASSES
        ]
        probabilities = _softmax(logits)
        best = max(CLASSES, key=probabilities.__getitem__)  # of equals the first
        by_token = self._by_token(best, words, chars, owners)
        contributions = [
            (by_word * w + by_char * k + by_lexicon * x) / 6.0
            for w, k, x in zip(*by_token, strict=True)
        ]
        return Score(
            LABELS[best],
            probabilities,
            probabilities[best] < self.threshold,
            _heaviest(read, contributions),
        )

    def _word_hits(self, read: list[str]) -> list[Hit]:
        """Return the known n-grams of a text, with the indices of their first and last token."""
        get = self._words.get
        hits: list[Hit] = []
        before = beyond = ""
        for at, token in enumerate(read):
            word = token if "a" <= token[0] <= "z" else shape(token)
            if found := get(word):
                hits.append((found, at, at))
            if at:
                if found := get(f"{before} {word}"):
                    hits.append((found, at - 1, at))
                if at > 1 and (found := get(f"{beyond} * {word}")):
                    hits.append((found, at - 2, at))
            before, beyond = word, before
        return hits

    def _pieces_of(self, token: str) -> Sums:
        """Return the sums of a word's character n-grams, from the cache if it was seen before."""
        found = self._pieces.get(token)
        if found is None:
            if not "a" <= token[0] <= "z":
                return _NOTHING
            if len(self._pieces) >= _CACHED_WORDS:
                self._pieces.clear()
            known = map(self._chars.get, char_ngrams(token))
            found = self._pieces[token] = _total([sums for sums in known if sums])
        return found

    def _by_token(
        self, best: int, words: list[Hit], chars: list[Sums], owners: list[tuple[int, int]]
    ) -> tuple[list[int], list[int], list[int]]:
        """Return six times what each token adds to the best class, beyond the mean of all."""
        by_word, by_lexicon = [0] * len(chars), [0] * len(chars)
        for sums, first, last in words:
            a, b, c, _ = sums
            gain = 3 * sums[best] - a - b - c
            by_word[first] += gain
            by_word[last] += gain
        by_char = [2 * (3 * sums[best] - sums[0] - sums[1] - sums[2]) for sums in chars]
        for feature, at in owners:
            a, b, c = row = self._lexicon_weights[feature]
            by_lexicon[at] += 2 * (3 * row[best] - a - b - c)
        return by_word, by_char, by_lexicon


def _total(parts: Iterable[Sums]) -> Sums:
    a = b = c = square = 0
    for w, x, y, z in parts:
        a += w
        b += x
        c += y
        square += z
    return a, b, c, square


def _softmax(logits: list[float]) -> tuple[float, float, float]:
    highest = max(logits)
    a, b, c = [exp(logit - highest) if logit < highest else 1.0 for logit in logits]
    total = a + b + c
    return a / total, b / total, c / total


def _heaviest(read: list[str], weights: list[float]) -> tuple[tuple[str, float], ...]:
    """Return the tokens with the largest weights, each once; the first of equal ones."""
    found: list[tuple[str, float]] = []
    for at in sorted(range(len(read)), key=weights.__getitem__, reverse=True):
        if weights[at] < LEAST_WEIGHT or len(found) == MAX_WORDS:
            break
        if all(read[at] != word for word, _ in found):
            found.append((read[at], weights[at]))
    return tuple(found)


def packed_text(grams: list[str]) -> NDArray[np.uint8]:
    """Return n-grams as the array that `_block` reads; none may contain a line feed."""
    return np.frombuffer("\n".join(grams).encode(), np.uint8)
