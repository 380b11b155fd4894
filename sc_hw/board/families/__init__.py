"""Families of devices: how pins are told, and how a clock is made of another."""
