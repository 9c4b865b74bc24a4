"""History, bought from Databento's historical service and kept in a cache."""
