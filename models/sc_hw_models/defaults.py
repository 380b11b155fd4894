"""The rules that are meant where a user names none; nothing is imported."""

__all__ = ["DEFAULT_RULE", "RULE_OF_TRAINED_WEIGHTS"]

DEFAULT_RULE = "r_stdp"
RULE_OF_TRAINED_WEIGHTS = "three_factor"
