"""One file a rule: its configuration, float reference, fixed step and specification."""
