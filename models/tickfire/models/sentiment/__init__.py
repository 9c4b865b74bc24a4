"""Sentiment of headlines: bearish, neutral or bullish, with its confidence and deciding words.

`text` and `features` turn words into numbers, with the finance words of `lexicon`; `model` scores
headlines from an artifact without a machine-learning library, and `linking` finds the symbols that
they mention. `trainer` makes the artifact, with scikit-learn. The browser scores from the same
artifact and gets the same bits (client_js/src/models): changes of the text processing here must be
made there too.
"""
