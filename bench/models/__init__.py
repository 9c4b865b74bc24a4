"""What the models cost. Each module is run by ``python -m bench.models.<name>``."""
