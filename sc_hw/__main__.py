"""``python -m sc_hw``."""

from .start import main

main()
