"""Redis: the embedded Valkey server, the check that one answers, and the client by URL."""
