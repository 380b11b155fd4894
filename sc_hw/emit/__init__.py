"""The verbs ``emit`` and ``files``: a folder of Verilog and what describes it."""
