"""Drawing in a process of its own: a driver or a shader compiler that aborts ends only that."""
