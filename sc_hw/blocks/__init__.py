"""A block inside a design, alone: simulated against its golden model, proven, mutated and synthesised."""
