"""Logging of the commands to standard error: lines of text, or of JSON.

`records` has the parts of a record that both formats have, `lines` and `json_lines` are the
formats, and `setup` chooses one of them by the environment.
"""
