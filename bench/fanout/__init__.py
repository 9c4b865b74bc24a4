"""Fan-out, echo, joins and memory of `tickfire.phoenix`, beside a peer in the same run."""
