"""The verb ``synth``: what a design costs on a device, by Yosys."""
