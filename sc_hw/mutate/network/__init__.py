"""Mutants of networks: simulated against the golden model, and put to the proof block by block."""
