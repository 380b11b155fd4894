"""What a network is shown: samples of bytes with their classes, apart those that only measure."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sc_hw_models.networks import NetworkSpec
from sc_hw_models.networks.inputs import InputPort

from ..columns import read_columns
from ..errors import UserError
from ..reading import read_npz, read_text, reading
from ..train.data import DATASETS, load

__all__ = ["Samples", "check_samples", "load_samples"]

LABELS = ("y", "label", "labels")
SAMPLES = ("X", "x")
_MOST_CLASS = (1 << 31) - 1
_FORMS = (
    "give digits, mnist5k, an .npz file with X and y (or x_train, y_train, x_test, y_test), a .csv file with a column label, or "
    "a folder with MNIST's four idx files"
)


@dataclass(frozen=True)
class Samples:
    """Bytes ``(samples, pixels)`` and classes to learn, and those to measure with."""

    learned: np.ndarray
    learned_labels: np.ndarray
    held_out: np.ndarray
    held_out_labels: np.ndarray

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """All four."""
        return self.learned, self.learned_labels, self.held_out, self.held_out_labels


def load_samples(source: str, held_out: int | None, seed: int) -> Samples:
    """Return the samples of ``digits``, ``mnist5k`` or a file.

    ``held_out`` percent of what there is to learn from, drawn by ``seed``, are held out; ``None``: the test part that the data
    come with. Errors: ``UserError``.
    """
    learned, labels, test, test_labels = _read(source)
    if held_out is None:
        if test is None or test_labels is None:
            raise UserError(f"--data {source}: has no test part; give --held-out PERCENT of its samples")
        return Samples(learned, labels, test, test_labels)
    order = np.random.default_rng([seed, 1]).permutation(len(learned))
    apart = len(learned) * held_out // 100
    if not 0 < apart < len(learned):
        raise UserError(f"--held-out {held_out}: leaves {len(learned) - apart} of {len(learned)} samples; give more samples")
    return Samples(learned[order[apart:]], labels[order[apart:]], learned[order[:apart]], labels[order[:apart]])


def check_samples(spec: NetworkSpec, samples: Samples, source: str, network: Path) -> None:
    """Check that a network takes samples. Errors: ``UserError`` for other pixels or more classes than it has."""
    wanted = InputPort(spec).pixels
    for labels, pixels in ((samples.learned_labels, samples.learned), (samples.held_out_labels, samples.held_out)):
        if pixels.shape[1] != wanted:
            raise UserError(
                f"--data {source}: samples of {pixels.shape[1]} pixels; {network} takes {wanted}; give other "
                f"data, or another size, height and width in [population.{spec.input.name}]"
            )
        if labels.max(initial=0) >= spec.output.size:
            raise UserError(
                f"--data {source}: {labels.max() + 1} classes; {network} decides between {spec.output.size}; "
                f"give other data, or another size in [population.{spec.output.name}]"
            )


def _read(source: str) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray | None]:
    path = Path(source)
    if source not in DATASETS and path.suffix == ".csv":
        with reading(path, option="--data", what=_FORMS):
            return (*_columns(path), None, None)
    if source not in DATASETS and path.suffix == ".npz":
        arrays = read_npz(path, option="--data", what=_FORMS)
        pixels, labels = (next((arrays[n] for n in names if n in arrays), None) for names in (SAMPLES, LABELS))
        if pixels is not None and labels is not None:
            return (*_checked(source, pixels, labels), None, None)
    data = load(source)
    scale = [np.rint(part * 255) for part in (data.train, data.test)]
    if any(part.size and not 0 <= part.min() <= part.max() <= 255 for part in scale):
        raise UserError(f"--data {source}: samples of floats beyond 0..1; a network takes bytes; {_FORMS}")
    return scale[0].astype(np.uint8), data.train_labels, scale[1].astype(np.uint8), data.test_labels


def _columns(path: Path) -> tuple[np.ndarray, np.ndarray]:
    columns = read_columns(read_text(path, option="--data", what=_FORMS))
    name = next((name for name in LABELS if name in columns), None)
    if name is None or len(columns) < 2:
        raise ValueError("no column label beside those of the pixels")
    labels = columns.pop(name)
    return _checked(str(path), np.stack(list(columns.values()), axis=1), labels)


def _checked(source: str, pixels: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return samples as rows of bytes and their classes."""
    integers = pixels.dtype.kind in "iu" and labels.dtype.kind in "iu"
    fits = pixels.ndim >= 2 and pixels.size > 0 and labels.shape == pixels.shape[:1]
    if not integers or not fits or pixels.min() < 0 or pixels.max() > 255 or labels.min() < 0 or labels.max() > _MOST_CLASS:
        raise UserError(
            f"--data {source}: samples {pixels.dtype} {pixels.shape}, labels {labels.dtype} {labels.shape}; allowed "
            f"are samples of bytes, 0..255, and a class of 0..{_MOST_CLASS} for each; {_FORMS}"
        )
    return pixels.reshape(len(pixels), -1).astype(np.uint8), labels.astype(np.int64)
