"""Off-chip learning: what trains the networks whose weights a core starts from, in float64."""
