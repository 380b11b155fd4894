"""Golden models of on-chip learning rules: NumPy only, and the bottom of the import graph.

``rule`` holds the contract (``Field``, ``RuleSpec``, ``Rule``), ``fixed`` the integer algebra a
``step`` is written in, ``rules`` one file a rule, ``core`` the array model of an N-synapse core,
``term`` the symbolic integers of the proof and of ``compiled``, the step in C.
"""
