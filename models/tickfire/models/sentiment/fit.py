"""Fit of the sentiment model with scikit-learn, and its quantisation to whole numbers.

Linear support vector classifiers, one against the rest, decide over three blocks of features. A
multinomial logistic regression turns their decisions into probabilities; it is fitted on decisions
for texts that the classifiers had not seen. Both steps are linear, so a single table of weights
holds their product.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

from tickfire.models.sentiment import lexicon
from tickfire.models.sentiment.features import char_ngrams, lexicon_features, word_ngrams
from tickfire.models.sentiment.model import packed_text
from tickfire.models.sentiment.text import shape, tokens

type Matrix = Any
"""A sparse matrix of scipy, float64[n, features]."""
type Grams = Sequence[tuple[str, ...]]

MIN_TEXTS: Final = (2, 5)
"""Minimum number of texts that a word n-gram, and a character n-gram, must occur in."""
MAX_GRAMS: Final = (18_000, 12_000)
"""Maximum number of either kind; those with the largest weights in a first fit are kept."""
STRENGTH: Final = (2.0, 1.0, 0.5)
"""Factors of the blocks (words, characters, lexicon) before the fit."""
SVC_C: Final = 0.2
FOLDS: Final = 5
CALIBRATION_C: Final = 1.0
SURE_ACCURACY: Final = 0.90
"""Accuracy to reach on texts where the model does not abstain, on unseen folds."""


@dataclass(frozen=True, slots=True)
class Documents:
    """Analysed texts.

    Attributes
    ----------
    words, chars : sequence of tuple of str
        N-grams of each text, with repetitions.
    counts : float64[n, features]
        Counts by the lexicon.
    """

    words: Grams
    chars: Grams
    counts: NDArray[np.float64]


class Block:
    """The n-grams of one kind, with their idf as whole numbers up to 255.

    Parameters
    ----------
    grams : sequence of tuple of str
        N-grams of all texts.
    rows : int64[k]
        The texts to take n-grams from.
    min_texts : int
        Minimum number of these texts that an n-gram must occur in.
    """

    def __init__(self, grams: Grams, rows: NDArray[np.int64], min_texts: int) -> None:
        found = Counter(gram for row in rows for gram in set(grams[row]))
        self._texts = len(rows)
        self._counts = {gram: count for gram, count in found.items() if count >= min_texts}
        self.keep(sorted(self._counts))

    def keep(self, grams: list[str]) -> None:
        """Keep only these n-grams, in this order."""
        self.grams = grams
        self._columns = {gram: at for at, gram in enumerate(grams)}
        idf = np.array([math.log((1 + self._texts) / (1 + self._counts[g])) + 1 for g in grams])
        self.idf = np.round(255 * idf / idf.max()).astype(np.uint8)

    def matrix(self, grams: Grams) -> Matrix:
        """Return the matrix of texts: one row for each, with the weights of its n-grams."""
        columns: list[int] = []
        ends = [0]
        values = []
        idf = self.idf.astype(np.float64)
        for text in grams:
            row = [self._columns[gram] for gram in text if gram in self._columns]
            weights = idf[row]
            columns += row
            ends.append(len(columns))
            values.append(weights / (math.sqrt(float(weights @ weights)) or 1.0))
        shape_ = (len(grams), len(self.grams))
        matrix = sparse.csr_matrix((np.concatenate(values), columns, ends), shape_)
        matrix.sum_duplicates()
        return matrix


@dataclass(frozen=True, slots=True)
class Linear:
    """Linear classifiers, before calibration.

    Attributes
    ----------
    words, chars : Block
        N-grams of words, and of characters.
    weights : float64[3, features]
        Weights of the columns of `matrix`.
    bias : float64[3]
    """

    words: Block
    chars: Block
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]

    def matrix(self, documents: Documents) -> Matrix:
        """Return the matrix of documents: all blocks, each times its strength."""
        return _matrix(self.words, self.chars, documents)

    def decisions(self, documents: Documents) -> NDArray[np.float64]:
        """Return the decisions, float64[n, 3]; the class with the greatest wins."""
        product: NDArray[np.float64] = self.matrix(documents) @ self.weights.T
        return product + self.bias


@dataclass(frozen=True, slots=True)
class Fitted:
    """Result of a fit.

    Attributes
    ----------
    arrays : dict of str to ndarray
        Arrays of the artifact.
    threshold : float
        Probability below which the model abstains.
    unseen : float64[n, 3]
        Probabilities of the training texts, each by classifiers that had not seen it.
    """

    arrays: dict[str, NDArray[Any]]
    threshold: float
    unseen: NDArray[np.float64]


def analyse(texts: Sequence[str]) -> Documents:
    """Return the n-grams and lexicon counts of texts."""
    known = lexicon.words()
    read = [tokens(text) for text in texts]
    return Documents(
        [tuple(word_ngrams([shape(token) for token in one])) for one in read],
        [
            tuple(gram for token in one if "a" <= token[0] <= "z" for gram in char_ngrams(token))
            for one in read
        ],
        np.array([lexicon_features(one, known) for one in read], np.float64),
    )


def fit_linear(
    documents: Documents, classes: NDArray[np.int64], rows: NDArray[np.int64], seed: int
) -> Linear:
    """Fit on some rows of documents, twice: the first fit tells which n-grams to keep.

    Parameters
    ----------
    documents : Documents
    classes : int64[n]
    rows : int64[k]
        Indices of the documents to fit on.
    seed : int
    """
    words = Block(documents.words, rows, MIN_TEXTS[0])
    chars = Block(documents.chars, rows, MIN_TEXTS[1])
    part = _rows(documents, rows)
    weights, _ = _svc(_matrix(words, chars, part), classes[rows], seed)
    first = 0
    for block, most in zip((words, chars), MAX_GRAMS, strict=True):
        size = len(block.grams)
        if size > most:
            strongest = np.abs(weights[:, first : first + size]).max(axis=0)
            kept = np.sort(np.argsort(-strongest, kind="stable")[:most])
            block.keep([block.grams[column] for column in kept])
        first += size
    return Linear(words, chars, *_svc(_matrix(words, chars, part), classes[rows], seed))


def fit(
    documents: Documents, classes: NDArray[np.int64], seed: int, say: Callable[[str], None]
) -> Fitted:
    """Fit on all documents, calibrate on unseen folds, and quantise.

    Parameters
    ----------
    documents : Documents
    classes : int64[n]
    seed : int
    say : callable
        Called with each line of progress.
    """
    rows = np.arange(len(classes))
    decisions = np.empty((len(classes), 3))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for number, (seen, unseen) in enumerate(folds.split(rows, classes), 1):
        say(f"fold {number} of {FOLDS}")
        decisions[unseen] = fit_linear(documents, classes, seen, seed).decisions(
            _rows(documents, unseen)
        )
    calibrator = LogisticRegression(C=CALIBRATION_C, max_iter=1000).fit(decisions, classes)
    unseen_probabilities = calibrator.predict_proba(decisions)
    say("all texts")
    linear = fit_linear(documents, classes, rows, seed)
    weights = calibrator.coef_ @ linear.weights
    bias = calibrator.coef_ @ linear.bias + calibrator.intercept_
    arrays = _quantised(linear, weights) | {"bias": bias}
    return Fitted(arrays, _threshold(unseen_probabilities, classes), unseen_probabilities)


def _svc(
    matrix: Matrix, classes: NDArray[np.int64], seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    model = LinearSVC(C=SVC_C, random_state=seed, max_iter=5000).fit(matrix, classes)
    return model.coef_, model.intercept_


def _matrix(words: Block, chars: Block, documents: Documents) -> Matrix:
    return sparse.hstack(
        [
            words.matrix(documents.words) * STRENGTH[0],
            chars.matrix(documents.chars) * STRENGTH[1],
            sparse.csr_matrix(documents.counts * STRENGTH[2]),
        ],
        format="csr",
    )


def _rows(documents: Documents, rows: NDArray[np.int64]) -> Documents:
    return Documents(
        [documents.words[row] for row in rows],
        [documents.chars[row] for row in rows],
        documents.counts[rows],
    )


def _quantised(linear: Linear, weights: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    """Return the arrays of the artifact: weights as whole numbers, with the scale of each block."""
    ends = np.cumsum([len(linear.words.grams), len(linear.chars.grams)])
    parts = [part * by for part, by in zip(np.split(weights, ends, 1), STRENGTH, strict=True)]
    widths = (127, 127, 32767)
    scales = np.array([np.abs(p).max() / top for p, top in zip(parts, widths, strict=True)])
    whole = [np.round(p / by).T for p, by in zip(parts, scales, strict=True)]
    return {
        "word_text": packed_text(linear.words.grams),
        "word_idf": linear.words.idf,
        "word_weights": whole[0].astype(np.int8),
        "char_text": packed_text(linear.chars.grams),
        "char_idf": linear.chars.idf,
        "char_weights": whole[1].astype(np.int8),
        "lexicon_weights": whole[2].astype(np.int16),
        "scales": scales,
    }


def _threshold(probabilities: NDArray[np.float64], classes: NDArray[np.int64]) -> float:
    """Return the lowest probability, in hundredths, above which the accuracy suffices."""
    highest, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == classes
    for hundredths in range(34, 100):
        sure = highest >= hundredths / 100
        if sure.any() and right[sure].mean() >= SURE_ACCURACY:
            return hundredths / 100
    return 0.99
