"""The current epoch: its state, the readers of its shards, and the change to the next epoch."""
