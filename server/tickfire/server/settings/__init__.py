"""Settings of the commands: from the command line, the environment, and a TOML file.

Each setting has one name: the option ``--max-lag``, the variable ``TICKFIRE_MAX_LAG`` and the key
``max-lag`` of the file are the same. The command line wins over the environment, and that over the
file. An option without a variable can be given on the command line alone.
"""
