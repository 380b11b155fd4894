"""Resources before synthesis: exact where a rule gives them, otherwise fitted to measured runs, with an interval."""
