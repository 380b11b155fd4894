"""Where verbs print their tables: as wide as what is in them in a log, folded where a terminal is narrower; nothing is cut."""

from typing import Any

import rich.console
from rich.cells import cell_len
from rich.table import Table

__all__ = ["Console"]

_NAME = 12  # characters of a name that stay in one line on any terminal
_LOG = 1 << 14  # characters: a log has no width, and what reads it wants a row a line


class Console(rich.console.Console):
    """A console of rich that cuts no name and no figure, and takes text as it is: brackets are no markup, colons no pictures.

    In a file or a pipe every row is one line, whatever ``COLUMNS`` says. ``options`` are rich's.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"markup": False, "emoji": False, **options})
        if not self.is_terminal:
            self.width = _LOG

    def print(self, *objects: Any, **options: Any) -> None:
        """Print as rich does; a name that is wider than its column goes on in the next line, a figure makes its column wider."""
        if any(isinstance(table, Table) for table in objects):
            options = {"crop": False, **options}  # a terminal shows the rest of a line that is too long in the next
        for table in objects:
            for column in table.columns if isinstance(table, Table) else ():
                column.overflow, column.no_wrap = "fold", False
                widest = max(cell_len(str(cell)) for cell in (column.header, *column.cells))
                column.min_width = widest if column.justify == "right" else min(widest, _NAME)
        super().print(*objects, **options)
