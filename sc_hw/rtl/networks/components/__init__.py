"""The blocks of a network in Amaranth, each the twin of its template: the same ports, registers, memories and nets by name."""
