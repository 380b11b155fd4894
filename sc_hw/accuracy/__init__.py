"""The verb ``accuracy``: what settings of a rule cost in accuracy."""
