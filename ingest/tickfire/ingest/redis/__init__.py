"""The embedded Valkey server, and a check whether a server answers."""
