"""The processes that serve: a `template`, and the workers that it forks.

`arguments` makes a worker's settings of the arguments of ``tickfire serve``, and `server` is the
server that it runs. The other side, which starts and watches them, is `tickfire.server.workers`.
"""
