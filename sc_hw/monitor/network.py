"""A network's chip while it learns: every sample is shown to the chip and to the golden network, and both are compared.

What the chip says itself are its decisions and its weights. Spikes have no register: those on the page are the golden network's,
which holds what the chip holds as long as nothing differs, and the page says so.
"""

import time
from collections import deque
from collections.abc import Iterator
from math import isqrt
from typing import Any

import numpy as np

from sc_hw_models.networks import NetworkModel, NetworkSpec, PopulationSpec, ProjectionSpec
from sc_hw_models.networks.model import sample_order
from sc_hw_models.networks.neurons import MAX_LEVEL, CountingConfig, InputConfig

from ..driver.network import NetworkDriver
from ..fit.data import Samples
from .curve import Curve
from .images import Images
from .plan import TURN, Plan
from .raster import Raster
from .view import View, packed

__all__ = ["NetworkWatch"]

NEURONS = 16  # of each projection whose weights are read, unless the plan says how many
WINDOW = 100  # samples that the running accuracy is of
_LEAST = 10  # samples from which on it says something
_TEST_BLOCK = 10  # held-out samples between looks at the page


class NetworkWatch:
    """Lets a chip learn, and shows it in a view. Errors: those of the driver."""

    def __init__(self, driver: NetworkDriver, data: Samples, plan: Plan, view: View) -> None:
        self._driver, self._data, self._plan, self._view = driver, data, plan, view
        self._golden = NetworkModel(driver.spec)
        spec = driver.spec
        self._sent = [p for p in spec.order if p is not spec.output]
        self._most = {p.name: _most_sent(spec, p) for p in self._sent}
        self._raster = Raster(
            {p.name: p.size for p in self._sent},
            unit="sample" if spec.counting else "timestep",
            source="Spikes have no register: these are of the golden network, which is shown the same samples.",
        )
        self._neurons = NEURONS if plan.units is None else plan.units
        self._images = [self._image(p) for p in spec.forward] if self._neurons else []
        self._right: deque[bool] = deque(maxlen=WINDOW)
        self._learning, self._testing = Curve(), Curve()
        self.learned = self.decided = self.decisions_differ = self.weights_read = self.weights_differ = 0
        self._turns = self._units()
        self._began = time.monotonic()

    @property
    def differ(self) -> int:
        """Decisions and weights that were not the golden network's."""
        return self.decisions_differ + self.weights_differ

    @property
    def record(self) -> dict[str, Any]:
        """What came of it, for a record."""
        return {
            "samples": self.learned,
            "decisions": self.decided,
            "decisions_differ": self.decisions_differ,
            "weights_read": self.weights_read,
            "weights_differ": self.weights_differ,
            "learned": self._learning.section[-1:],
            "held_out": self._testing.section,
        }

    @property
    def told(self) -> str:
        """What came of it, in a line."""
        right = f"{100 * self._testing.points[-1][1]:.1f} % of those held out right, " if self._testing.points else ""
        return (
            f"{self.learned:,} samples learned, {right}{self.decisions_differ:,} of {self.decided:,} decisions and "
            f"{self.weights_differ:,} of {self.weights_read:,} weights read differ from the golden network's"
        )

    def run(self) -> None:
        """Learn as planned."""
        self._start()
        self._show_all()
        self._test()
        for number in self._order():
            self._learn(number)
            if self.learned % self._plan.every == 0:
                self._test()
        if self.learned % self._plan.every:
            self._test()
        self._read_weights()
        self._show_all()

    def _start(self) -> None:
        """Make chip and golden network hold the same."""
        plan, driver = self._plan, self._driver
        count = sum(bank.units for bank in driver.parts.values())
        if plan.keep:
            self._say("loading", f"reading the chip's {count:,} weights")
            self._golden.load(self._golden.state | driver.read())
        elif not plan.fresh:
            self._say("loading", f"loading the {count:,} weights that the folder begins with")
            driver.load({f"{name}.weight": self._golden.memories[name].state["weight"] for name in driver.parts})
        driver.reset()

    def _order(self) -> Iterator[int]:
        count, done = len(self._data.learned), 0
        while True:
            for number in sample_order(count, self._plan.seed, done // count):
                if done == self._plan.most:
                    return
                done += 1
                yield int(number)

    def _learn(self, number: int) -> None:
        sample, classes = self._data.learned[number : number + 1], self._data.learned_labels[number : number + 1]
        label = int(classes[0])
        self._say("learning", f"sample {self.learned + 1:,}")
        decision = int(self._driver.learn(sample, classes)[0])
        (moment,) = self._golden.play(sample, classes)
        self.learned += 1
        self._count(decision, moment["decision"])
        self._right.append(decision == label)
        if len(self._right) >= _LEAST:
            self._learning.add(self.learned, sum(self._right) / len(self._right))
        self._add_spikes(moment)
        self._raster.mark(str(decision), decision == label)
        self._view.show(now=self._now(sample[0], label, decision))
        if time.monotonic() > self._began + TURN:
            self._show_all()
            self._read_weights()
            self._began = time.monotonic()

    def _test(self) -> None:
        """Let the chip decide samples that it never learns."""
        pixels, labels = self._data.held_out[: self._plan.test], self._data.held_out_labels[: self._plan.test]
        right = 0
        for first in range(0, len(pixels), _TEST_BLOCK):
            self._say("testing", f"held-out sample {first + 1:,} of {len(pixels):,}")
            block = slice(first, first + _TEST_BLOCK)
            decisions = self._driver.predict(pixels[block])
            for decision, wanted in zip(decisions, self._golden.predict(pixels[block]), strict=True):
                self._count(int(decision), int(wanted))
            right += int((decisions == labels[block]).sum())
        if len(pixels):
            self._testing.add(self.learned, right / len(pixels))
        self._show_all()

    def _count(self, decision: int, wanted: int) -> None:
        self.decided += 1
        self.decisions_differ += decision != wanted

    def _add_spikes(self, moment: dict[str, Any]) -> None:
        for step in moment["timesteps"]:
            levels = {n: step[f"{n}.activity"] * 255 // most for n, most in self._most.items()}
            self._raster.add({name: np.clip(level, 0, 255).astype(np.uint8) for name, level in levels.items()})

    # ---- Weights ----

    def _image(self, projection: ProjectionSpec) -> Images:
        """Return the images of a projection: of weights from the input one as a picture for each neuron, else a row for each."""
        spec = self._driver.spec
        source, target = spec.populations[projection.source], spec.populations[projection.target]
        count = min(target.size, self._neurons)
        height, width = _sides(spec, source.size, cropped=True) if source is spec.input else (1, source.rows)
        legend = f"{source.name} to {target.name}, {count} of {target.size} neurons"
        return Images(projection.name, legend, count=count, height=height, width=width)

    def _units(self) -> Iterator[tuple[int, int]]:
        """Yield projections and neurons in turns, for ever."""
        while self._images:
            for k, image in enumerate(self._images):
                for neuron in range(image.count):
                    yield k, neuron

    def _read_weights(self) -> None:
        """Read weights of one neuron after another, as long as a turn lasts, and hold them against the golden network's."""
        end = time.monotonic() + TURN
        for k, neuron in self._turns:
            projection, image = self._driver.spec.forward[k], self._images[k]
            found = self._driver.column(projection.name, neuron)
            wanted = self._golden.memories[projection.name].state["weight"][:, neuron]
            self.weights_read += len(found)
            self.weights_differ += int((found != wanted).sum())
            image.put(neuron, found, self.learned)
            if time.monotonic() > end:
                break
        self._view.show(weights=[image.section for image in self._images])

    # ---- What is shown ----

    def _say(self, state: str, text: str) -> None:
        self._view.show(status={"state": state, "text": text})

    def _show_all(self) -> None:
        self._view.show(
            accuracy={"learning": self._learning.section, "held_out": self._testing.section, "window": WINDOW},
            raster=self._raster.section,
            weights=[image.section for image in self._images],
            figures=self._figures(),
        )

    def _figures(self) -> list[dict[str, Any]]:
        line = getattr(self._driver.transport, "dropped", None)
        held_out, learning = self._testing.points, self._learning.points
        return [
            {"name": "samples learned", "value": f"{self.learned:,}"},
            {
                "name": f"right of the last {len(self._right) or WINDOW}",
                "value": f"{100 * learning[-1][1]:.0f} %" if learning else "none yet",
            },
            {"name": "right of those held out", "value": f"{100 * held_out[-1][1]:.0f} %" if held_out else "none yet"},
            {
                "name": "decisions that differ from the golden network's",
                "value": f"{self.decisions_differ:,} of {self.decided:,}",
                "good": not self.decisions_differ,
            },
            {
                "name": "weights read that differ from the golden network's",
                "value": f"{self.weights_differ:,} of {self.weights_read:,}",
                "good": not self.weights_differ,
            },
            *([{"name": "frames dropped on the way back", "value": f"{line:,}"}] if line is not None else []),
        ]

    def _now(self, sample: np.ndarray, label: int, decision: int) -> dict[str, Any]:
        height, width = _sides(self._driver.spec, len(sample), cropped=False)
        return {"height": height, "width": width, "levels": packed(sample), "label": label, "decision": decision}


def _most_sent(spec: NetworkSpec, population: PopulationSpec) -> int:
    """Return the largest activity of a neuron in one pass."""
    neuron = population.neuron
    if isinstance(neuron, InputConfig):
        return MAX_LEVEL if neuron.code == "constant" else 1
    return spec.sample.timesteps if isinstance(neuron, CountingConfig) else 1


def _sides(spec: NetworkSpec, size: int, *, cropped: bool) -> tuple[int, int]:
    """Return height and width of the picture that a sample is, or that the input population is of it; of none a square's."""
    neuron = spec.input.neuron
    if isinstance(neuron, InputConfig) and neuron.height:
        crop, pool = (2 * neuron.crop, neuron.pool) if cropped else (0, 1)
        return (neuron.height - crop) // pool, (neuron.width - crop) // pool
    side = isqrt(size)
    return (side, side) if side * side == size else (1, size)
