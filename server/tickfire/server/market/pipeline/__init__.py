"""The state of the pipeline, from the feed to the sockets, as clients are told of it."""
