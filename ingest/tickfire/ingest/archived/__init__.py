"""Ticks of an archive as a DBN file, for the commands that read one."""
