"""``tickfire dev``: starts every process of the house, restarts what dies, stops it all.

`policy` decides when to restart and when to give up, `config` and `plan` what to run: all pure.
`child`, `probes` and `supervisor` carry it out; `tickfire.server.lifeline` runs in the children.
"""
