"""The feeds: their state, the readers of their streams, and the change to their next epochs."""
