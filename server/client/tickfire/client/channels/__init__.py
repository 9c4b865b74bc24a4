"""Client of Phoenix Channels, for any Phoenix server."""
