"""Trading hours, and the intervals of bars that begin and end with them."""
