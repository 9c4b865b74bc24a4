"""Rules: conditions over features, written by the user, such as ``rsi(14) < 30``.

`parse` compiles the text of a rule; it accepts only the names and operators that it knows, and
never executes any of the text. `program` holds the compiled rule, `evaluate_kernel` runs it, and
`rule_file` reads a file of rules.
"""
