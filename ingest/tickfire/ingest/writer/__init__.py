"""From batches to Redis Streams."""
