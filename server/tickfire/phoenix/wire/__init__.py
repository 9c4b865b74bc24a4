"""Messages and frames, to bytes and back."""
