"""What a headline says of its subject: bearish, neutral or bullish, how sure, and by which words.

`text` and `features` make numbers of words, `lexicon` knows the words of finance, `model` scores
from an artifact without any library for learning, `linking` finds the symbols. `trainer` makes the
artifact, with scikit-learn. The browser scores from the same artifact with the same bits
(client_js/src/models); what is said here of text is said there too.
"""
