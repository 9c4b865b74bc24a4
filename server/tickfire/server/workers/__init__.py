"""The workers of ``tickfire serve``: processes that share its port.

`server` is the server that each runs. With one worker it runs in the command's own process. With
several, `pool` keeps as many alive: it starts a `template`, which imports everything once and forks
a worker in milliseconds when one is wanted; `fork` is the pool's side of both.
"""
