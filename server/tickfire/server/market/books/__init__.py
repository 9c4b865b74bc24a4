"""Order books of instruments and tops of their publishers, from Redis to their topics."""
