"""From training to configuration: how much each weight matters, and what a core needs to know of it."""
