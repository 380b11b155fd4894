"""RTL generation: Amaranth components and Verilog templates behind one description of the design."""
