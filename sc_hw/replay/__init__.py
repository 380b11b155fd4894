"""The verb ``replay``: a counterexample of a proof, simulated."""
