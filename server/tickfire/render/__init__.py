"""Pictures of charts, drawn on the server with the browser's own shader."""
