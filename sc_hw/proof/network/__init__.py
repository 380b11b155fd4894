"""Proof of networks: each block keeps its contract, and the chip is these blocks joined as the graph says."""
