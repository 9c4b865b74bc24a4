"""`tickfire infer`: models over the streams, their signals into streams."""
