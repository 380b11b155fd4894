"""Coverage of the simulation: what Verilator and the bench counted, and a proof about each point that was not reached."""
