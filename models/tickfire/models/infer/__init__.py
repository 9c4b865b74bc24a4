"""`tickfire infer`: run models over the streams and publish their signals."""
