"""The verb ``vectors``: stimulus and expected results as files, with a testbench in plain Verilog."""
