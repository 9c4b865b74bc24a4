"""Sessions, channels and fan-out, without I/O."""
