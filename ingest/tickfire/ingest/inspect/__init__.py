"""Inspection of DBN files: records, symbols, publishers, span, and holes, for ``tickfire inspect``.

`survey_kernel` counts, `survey` gathers its counts chunk by chunk, `summary` is the result, and
`text` and `cli` print it.
"""
