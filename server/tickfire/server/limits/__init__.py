"""Bounds on what a client may take of the server before it has said who it is.

`addresses` and `causes` are pure. `admission` counts the connections of a worker, `http` and
`websocket` are the protocol classes of uvicorn that ask it, and `refusals` counts and logs what was
refused.
"""
