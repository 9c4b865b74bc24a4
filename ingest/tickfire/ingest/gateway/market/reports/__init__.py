"""Reports of the simulated market: statistics of the session, trading status, auctions."""
