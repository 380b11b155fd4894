"""A design behind a bus: its registers in Verilog, in front of them AXI4-Lite, Wishbone or APB."""
