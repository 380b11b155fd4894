"""A network that learns in the chip, compiled: samples learned and decided a second, beside the readable model."""

import tomllib
from pathlib import Path

import numpy as np

from sc_hw.fit.data import load_samples
from sc_hw_models.networks import CompiledNetwork, NetworkModel, read_network

from .measure import Group, Row, rate

__all__ = ["group"]

NETWORK = Path(__file__).parents[2] / "examples" / "networks" / "mnist.toml"
PASSES = 10
COUNTED = """\
One unit is a sample of MNIST-5k through 577-512-10 with the bias (`examples/networks/mnist.toml`), processor seconds of one
thread, pictures in memory, the conversion of weights before and after a call of 1,000 samples included. Samples that are
decided surely change nothing, so a network that has learned learns on faster: the row of a run is the mean over ten passes.
The readable model learns ten samples."""


def group(_python: Path) -> Group:
    """Return the rows."""
    spec = read_network(tomllib.loads(NETWORK.read_text(encoding="utf-8")))
    data = load_samples("mnist5k", None, 1)
    pixels, labels = data.learned, data.learned_labels
    used, plain = CompiledNetwork(spec), NetworkModel(spec)
    used.fit(pixels, labels, passes=3)

    def run() -> None:
        CompiledNetwork(spec).fit(pixels, labels, passes=PASSES)

    def fresh() -> None:
        CompiledNetwork(spec).partial_fit(pixels[:1000], labels[:1000])

    rows = [
        Row(name="readable, learned", run=lambda: rate(lambda: plain.partial_fit(pixels[:10], labels[:10]), 10)),
        Row(name="compiled, the first 1,000 learned", run=lambda: rate(fresh, 1000)),
        Row(name="compiled, learned, a run of 10 passes", run=lambda: rate(run, PASSES * len(pixels))),
        Row(name="compiled, decided", run=lambda: rate(lambda: used.predict(pixels), len(pixels))),
    ]
    return Group(
        title="Networks",
        unit="samples/s",
        counted=COUNTED,
        reference="readable, learned",
        rows=rows,
        versions={"NumPy": np.__version__},
        settings={"seed": spec.seed, "passes": PASSES},
    )
