"""Order books of instruments, from Redis to their topics."""
