"""One file a kind of consolidation: its part of the weight stage in Amaranth and the faults its checks must catch.

A file is called as the kind is in the registry (``sc_hw_models.kinds``) and has its ``KIND``.
"""
