"""Boards: an emitted design behind a serial line, on real pins or behind a pseudo-terminal."""
