"""Pictures of charts: ``GET /chart.png`` and ``tickfire chart``."""
