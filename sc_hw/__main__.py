"""``python -m sc_hw``."""

from .cli import main

main()
