"""The verb ``absorb``: registers moved into hard blocks, in a netlist of the user's."""
