"""Control of a running ``tickfire serve`` by commands of the same user, over a Unix socket.

`path` is where the socket is, `server` answers at it, and `commands` has the commands.
"""
