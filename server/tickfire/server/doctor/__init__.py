"""``tickfire doctor``: checks of the machine, of Redis and of the feed, each with advice.

`check` has the result of a check and runs them with a limit of time; `machine`, `redis`, `feed`,
`settings` and `build` have the checks, and `command` chooses and prints them.
"""
