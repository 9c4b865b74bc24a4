"""``tickfire dev``: starts all processes of tickfire, restarts those that die, and stops them.

`policy` decides when to restart a process and when to give up; `config` and `plan` decide what to
run. These three are pure. `child`, `probes` and `supervisor` do the I/O, and
`tickfire.server.lifeline` runs in the children.
"""
