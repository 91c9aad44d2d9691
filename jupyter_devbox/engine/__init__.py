"""The only place that starts processes or speaks to a daemon."""
