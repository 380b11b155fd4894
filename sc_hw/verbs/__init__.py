"""The command line's verbs and their options, each handed on to its room; nothing large is imported before it is needed."""
