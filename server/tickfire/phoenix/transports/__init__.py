"""Transports: WebSocket and long-poll, over ASGI and uvicorn."""
