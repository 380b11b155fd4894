"""Simulation of networks: the chip against its golden model."""
