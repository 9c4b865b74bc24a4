"""The WebSocket protocol class for uvicorn."""
