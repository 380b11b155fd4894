"""The testbench: bulk streams, stimulus, scoreboard and the cocotb tests. Imports the golden models only."""
