"""Blocks inside designs, alone."""
