"""The verb ``sim``: every state bit compared with the golden model, in Verilator under cocotb."""
