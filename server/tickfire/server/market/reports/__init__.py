"""Reports of venues beside ticks: statistics, trading statuses and imbalances, for clients."""
