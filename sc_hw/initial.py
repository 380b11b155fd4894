"""Initial state of a core: read from NumPy archives or CSV, checked against the state fields, written as CSV."""

from pathlib import Path

import numpy as np

from sc_hw_models.rule import RuleSpec

from .columns import read_columns
from .errors import UserError, one_line
from .reading import read_npz
from .strict import read_text

__all__ = ["check_initial", "emitted_initial", "initial_bytes", "initial_csv", "read_initial"]

_WHAT = "give an .npz or .csv file with one integer column per state field"
_CSV_BYTES = 1 << 30  # 16 million synapses of ten fields fit

_PAGE = 1 << 16


def read_initial(path: Path) -> dict[str, np.ndarray]:
    """Return the columns of an ``.npz`` archive (arrays by field name) or of a ``.csv`` file (named header)."""
    if path.suffix in (".npz", ".npy"):  # the latter is told how to become the former
        return read_npz(path, option="--initial", what=_WHAT)
    if path.suffix != ".csv":
        raise UserError(f"--initial {path}: unknown kind of file; {_WHAT}")
    try:
        return read_columns(
            read_text(path, limit=_CSV_BYTES, remedy=_WHAT, links=True, option="--initial").removeprefix("\ufeff")
        )
    except (ValueError, OverflowError) as error:
        raise UserError(f"--initial {path}: not usable ({one_line(error)}); {_WHAT}") from error


def initial_bytes(spec: RuleSpec, synapses: int) -> int:
    """Return how large a file that ``initial_csv`` writes is at most; never less than a page."""
    widest = sum(1 + max(len(f.name), len(str(f.minimum)), len(str(f.maximum))) for f in spec.state)
    return max(_PAGE, (synapses + 1) * widest)


def emitted_initial(path: Path, spec: RuleSpec, synapses: int, remedy: str) -> dict[str, np.ndarray]:
    """Return the initial state in an emitted folder's file, which is exactly as ``initial_csv`` writes it.

    Errors: ``UserError`` with the ``remedy`` for any other file.
    """
    text = read_text(path, limit=initial_bytes(spec, synapses), remedy=remedy)
    try:
        values = check_initial(read_columns(text), spec, synapses)
        if initial_csv(values) != text:
            raise ValueError("not written as sc-hw writes it")
    except (ValueError, OverflowError, UserError) as error:
        reason = one_line(error).removeprefix("--initial: ")
        raise UserError(f"{one_line(path)}: not the initial state of this core ({reason}); {remedy}") from error
    return values


def check_initial(values: dict[str, np.ndarray], spec: RuleSpec, synapses: int) -> dict[str, np.ndarray]:
    """Return the arrays as ``int64`` after checking names, shapes, types and ranges; ``UserError`` names the first fault."""
    fields = {f.name: f for f in spec.state}
    if not values:
        raise UserError(f"--initial: no arrays; allowed are {', '.join(fields)}")
    for name, array in values.items():
        if name not in fields:
            raise UserError(f"--initial: array {name!r} is no state field; allowed are {', '.join(fields)}")
        f = fields[name]
        if array.dtype.kind not in "iu":
            raise UserError(f"--initial: {name} has dtype {array.dtype}; allowed are integers")
        if array.shape != (synapses,):
            raise UserError(f"--initial: {name} has shape {array.shape}; allowed is ({synapses},)")
        low, high = int(array.min()), int(array.max())
        if low < f.minimum or high > f.maximum:
            raise UserError(f"--initial: {name} has values {low}..{high}; allowed are {f.minimum}..{f.maximum}")
    return {name: array.astype(np.int64) for name, array in values.items()}


def initial_csv(values: dict[str, np.ndarray]) -> str:
    """Return the columns as CSV text with a header."""
    rows = zip(*(array.tolist() for array in values.values()), strict=True)
    return "\n".join([",".join(values), *(",".join(map(str, row)) for row in rows)]) + "\n"
