"""One file a rule: its Amaranth datapath and the faults its checks must catch."""
