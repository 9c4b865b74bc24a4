"""The workers of ``tickfire serve``: processes that share its port, as the command sees them.

`pool` keeps as many alive. It starts a template (`tickfire.server.worker`), which imports
everything once and forks a worker in milliseconds when one is wanted; `fork` is this side of both,
and `wire` what they say. A `generation` has the workers of one version of the code, which the next
replaces.
"""
