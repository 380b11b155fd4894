"""Initial state of a core: read from NumPy archives or CSV, checked against the state fields, written as CSV."""

from pathlib import Path

import numpy as np

from sc_hw_models.rule import RuleSpec

from .errors import UserError
from .reading import read_npz, read_text, reading

__all__ = ["check_initial", "initial_csv", "read_initial"]

_WHAT = "give an .npz or .csv file with one integer column per state field"


def read_initial(path: Path) -> dict[str, np.ndarray]:
    """Return the columns of an ``.npz`` archive (arrays by field name) or of a ``.csv`` file (named header)."""
    if path.suffix == ".npz":
        return read_npz(path, option="--initial", what=_WHAT)
    if path.suffix == ".csv":
        lines = read_text(path, option="--initial", what=_WHAT).split("\n")
        with reading(path, option="--initial", what=_WHAT):
            names = lines[0].strip().split(",")
            table = np.array([[int(cell) for cell in line.split(",")] for line in lines[1:] if line.strip()], dtype=np.int64)
            if table.ndim != 2 or table.shape[1] != len(names):
                raise ValueError("rows of different lengths or none")
            return {name: table[:, column] for column, name in enumerate(names)}
    raise UserError(f"--initial {path}: unknown kind of file; {_WHAT}")


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
