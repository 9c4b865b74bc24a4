"""Build what a browser needs to run Python: core, wheel, lock and snapshot, from our own host."""
