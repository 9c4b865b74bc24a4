"""The Redis layer: formats, keys, connections, readers."""
