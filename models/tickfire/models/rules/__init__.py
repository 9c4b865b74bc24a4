"""Rules: conditions that a user writes over features, as ``rsi(14) < 30 and sentiment > 0.5``.

`parse` reads one, and nothing but what it knows: no name, no attribute, no call of Python gets
through. `program` is the rule as numbers, `evaluate_kernel` runs it, `rule_file` reads a file of rules.
"""
