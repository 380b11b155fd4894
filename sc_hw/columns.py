"""Columns of integers in a CSV text, as spreadsheets and scripts write it."""

import csv
import io
import re

import numpy as np

__all__ = ["read_columns"]

_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
_LARGEST = 1 << 63


def read_columns(text: str) -> dict[str, np.ndarray]:
    """Return the columns of a CSV text with a header as ``int64`` arrays by name.

    A byte-order mark, blanks around cells, quoted cells, line ends of any kind and empty lines mean nothing. Errors:
    ``ValueError`` names the line and what is wrong with it: a name twice or missing, a row of another length, a cell that is
    no integer.
    """
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), skipinitialspace=True)
    names: list[str] = []
    columns: list[list[int]] = []
    try:
        for row in rows:
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            if not names:
                names, columns = _header(cells), [[] for _ in cells]
                continue
            if len(cells) != len(names):
                raise ValueError(f"line {rows.line_num} has {len(cells)} cells; the header has {len(names)}")
            for name, column, cell in zip(names, columns, cells, strict=True):
                column.append(_integer(cell, name, rows.line_num))
    except csv.Error as error:
        raise ValueError(f"line {rows.line_num}: {error}") from error
    if not names or not columns[0]:
        raise ValueError("no rows below the header" if names else "no header")
    return {name: np.array(column, dtype=np.int64) for name, column in zip(names, columns, strict=True)}


def _header(cells: list[str]) -> list[str]:
    """Return the names of the columns."""
    if not all(cells):
        raise ValueError(f"column {cells.index('') + 1} has no name; name each after a field")
    twice = next((name for name in cells if cells.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"column {twice!r} stands there twice; keep one of them")
    return cells


def _integer(cell: str, name: str, line: int) -> int:
    value = int(cell) if _INTEGER.fullmatch(cell) else _LARGEST
    if not -_LARGEST <= value < _LARGEST:
        shown = cell if len(cell) <= 40 else f"{cell[:40]}..."
        raise ValueError(f"line {line}, column {name!r}: {shown!r}; allowed are integers of at most 64 bits")
    return value
