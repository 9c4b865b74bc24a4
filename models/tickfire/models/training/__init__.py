"""`tickfire train`: models from data, with reports that can be read as a sceptic would."""
