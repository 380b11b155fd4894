"""The verb ``derive``: from trained weights to what cores start from."""
