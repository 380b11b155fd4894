"""Exploration: many cores measured on many devices, and those worth choosing from: the Pareto front."""
