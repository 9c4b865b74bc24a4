"""The product: the market application, the command line and the supervisor.

The top layer; nothing imports it.
"""
