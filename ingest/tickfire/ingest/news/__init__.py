"""News: headlines from RSS and Atom feeds, or from a simulated newswire, into stream ``news``.

`text`, `feed`, `schedule`, `phrases` and `wire` are pure; `fetch`, `poller`, `publish`, `symbols`
and `simulate` do the I/O.
"""
