"""Initial state of a core: read from NumPy archives or CSV, checked against the state fields, written as CSV."""

from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from sc_hw_models.rule import RuleSpec

from .columns import read_columns
from .errors import UserError

__all__ = ["check_initial", "initial_csv", "read_initial", "read_npz"]

ONE_ARRAY = "one array without a name (.npy), no archive; write it by name: np.savez('FILE.npz', NAME=array)"
_WHAT = "give an .npz or .csv file with one integer column per state field"


def read_npz(path: Path, option: str, what: str) -> dict[str, np.ndarray]:
    """Return the arrays of an ``.npz`` archive; ``UserError`` names ``option`` and says ``what`` to give instead."""
    try:
        with path.open("rb") as file:
            if file.read(6) == b"\x93NUMPY":
                raise UserError(f"{option} {path}: {ONE_ARRAY}; {what}")
            file.seek(0)
            with np.load(file, allow_pickle=False) as archive:
                return {name: archive[name] for name in archive.files}
    except OSError as error:
        raise UserError(f"{option} {path}: cannot be read ({error.strerror or error}); {what}") from error
    except (ValueError, KeyError, BadZipFile, EOFError, TypeError, AttributeError) as error:
        # A pickled object also loads, but is no archive: hence the last two.
        raise UserError(f"{option} {path}: not a usable .npz ({' '.join(str(error).split())}); {what}") from error


def read_initial(path: Path, content: bytes | None = None) -> dict[str, np.ndarray]:
    """Return the columns of an ``.npz`` archive (arrays by field name) or of a ``.csv`` file (named header).

    ``content`` is that of a ``.csv`` that has been read.
    """
    if path.suffix in (".npz", ".npy"):  # the latter is told how to become the former
        return read_npz(path, "--initial", _WHAT)
    try:
        if path.suffix == ".csv":
            return read_columns((path.read_bytes() if content is None else content).decode("utf-8-sig"))
    except OSError as error:
        raise UserError(f"--initial {path}: cannot be read ({error.strerror or error}); {_WHAT}") from error
    except (ValueError, OverflowError) as error:
        raise UserError(f"--initial {path}: not usable ({error}); {_WHAT}") from error
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
