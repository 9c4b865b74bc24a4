"""Signals: what the next bars may bring, said honestly, and what the user's own rules say.

`inputs` is what the model looks at, `outlook` what it says of one bar, `walk` how it is judged,
`trainer` how it is made, `stream` what `tickfire infer` runs.
"""
