"""Faults, planted in a copy of a design: what ``selftest``, ``mutate`` and the proof of mutants share."""
