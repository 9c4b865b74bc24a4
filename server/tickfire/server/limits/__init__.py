"""Limits on clients that have not authenticated.

`addresses` and `causes` are pure. `admission` counts the connections of a worker, `http` and
`websocket` are the protocol classes of uvicorn that ask it, `longpoll` asks it for sessions, and
`refusals` counts and logs refusals.
"""
