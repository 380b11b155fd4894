"""Proof: a rule's own ``step`` as a theorem about the emitted datapath."""
