"""Blocks of a network that learns in the chip, and the graph that joins them."""
