"""The command line in Python: each verb a function, its options keywords, its outcome an object (docs/python.md)."""
