"""History into Redis: the command, and what ingest does at its start."""
