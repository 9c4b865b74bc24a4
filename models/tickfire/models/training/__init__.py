"""Training of models, `tickfire train`, with reports for the sceptical reader."""
