"""The verb ``doctor``: what is installed."""
