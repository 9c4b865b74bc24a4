"""Redis as the server reads it: tails of streams, history, and the connections under them."""
