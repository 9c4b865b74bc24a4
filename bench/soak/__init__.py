"""A long run of the whole under load, and the trend of each process's resources."""
