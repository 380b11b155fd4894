"""Registers of an emitted design behind a bus: one description, from which its RTL, its drivers and its papers come."""
