"""Access control: who may connect, for how long, and to which topics.

`grant` has the rights of a client, `claims` reads them from tokens, and `rules` decides on them.
"""
