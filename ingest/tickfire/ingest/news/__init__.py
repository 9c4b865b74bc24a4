"""The newswire: RSS and Atom feeds, or a simulated wire, into the stream ``news``.

`text`, `feed`, `schedule` and `wire` are pure; `fetch`, `poller`, `publish` and `simulate` are the
edges around them.
"""
