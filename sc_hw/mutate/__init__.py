"""The verb ``mutate``: random faults planted, which simulation and proof are asked to find."""
