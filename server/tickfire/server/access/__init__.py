"""Access control: who may connect, for how long, and to which topics.

`grant` says what a client may do, `claims` reads it from tokens, and `rules` decides who gets one.
"""
