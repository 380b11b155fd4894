"""A core, layer or crossbar while it learns from random spikes: what is told to it, what it holds, beside its golden model."""

import time
from collections.abc import Iterator
from math import isqrt
from typing import Any

import numpy as np

from sc_hw_models.core import CoreModel

from ..driver.driver import Driver
from ..rtl.design import CoreDesign
from ..vectors.script import Script
from ..vectors.topologies import TOPOLOGIES
from .images import Images
from .plan import TURN, Plan
from .raster import Raster
from .view import View

__all__ = ["CoreWatch"]

UNITS = 1024  # of each part whose state is read, unless the plan says how many
RATE = 0.1  # spikes a timestep and unit
_BLOCK = 8  # timesteps between looks at the clock
_STRIPE = 16  # units between looks at it


class CoreWatch:
    """Lets a core learn, and shows it in a view. It begins cleared. Errors: those of the driver."""

    def __init__(self, driver: Driver, plan: Plan, view: View) -> None:
        self._driver, self._plan, self._view = driver, plan, view
        design = driver.design
        parts: dict[str, CoreDesign] = dict(design.parts.values()) or {"": design}
        self._golden = {
            prefix: (own, CoreModel(own.rule, own.config, synapses=own.synapses, lanes=own.lanes))
            for prefix, own in parts.items()
        }
        self._spikes = {f.name: units for f, units in design.inputs().items() if units and f.bits == 1}
        self._raster = Raster(self._spikes, unit="timestep", source="These are told to the core, at random.")
        self._units = {part: min(bank.units, UNITS if plan.units is None else plan.units) for part, bank in driver.parts.items()}
        self._images = {
            part: [self._image(part, f.name) for f in bank.fields] for part, bank in driver.parts.items() if self._units[part]
        }
        self._values = {
            part: {f.name: np.zeros(self._units[part], np.int64) for f in driver.parts[part].fields} for part in self._images
        }
        self._known = dict.fromkeys(self._images, 0)  # units that were read at least once
        self._generator = np.random.default_rng(plan.seed)
        self._turns = self._stripes()
        self.timesteps = self.words_read = self.differ = 0

    @property
    def record(self) -> dict[str, Any]:
        """What came of it, for a record."""
        return {"timesteps": self.timesteps, "words_read": self.words_read, "words_differ": self.differ}

    @property
    def told(self) -> str:
        """What came of it, in a line."""
        return (
            f"{self.timesteps:,} timesteps of random spikes, {self.differ:,} of {self.words_read:,} state words read differ "
            "from the golden model's"
        )

    def run(self) -> None:
        """Learn as planned."""
        self._driver.clear()
        while self._plan.most is None or self.timesteps < self._plan.most:
            end = time.monotonic() + TURN
            while time.monotonic() < end and (count := self._next()):
                self._learn(count)
            self._read()
            self._show()

    def _next(self) -> int:
        """Return how many timesteps are played without a look at the clock."""
        return _BLOCK if self._plan.most is None else min(_BLOCK, self._plan.most - self.timesteps)

    def _learn(self, count: int) -> None:
        inputs: dict[str, np.ndarray] = {}
        for f, units in self._driver.design.inputs().items():
            shape = (count, units) if units else (count,)
            if units and f.bits == 1:
                inputs[f.name] = (self._generator.random(shape) < RATE).astype(np.int64)
            else:
                inputs[f.name] = self._generator.integers(f.minimum, f.maximum, shape, dtype=np.int64, endpoint=True)
        self._driver.learn(inputs)
        design = self._driver.design
        TOPOLOGIES[design.kind](design, self._golden, Script(design.streams), inputs)
        for k in range(count):
            self._raster.add({name: (255 * inputs[name][k]).astype(np.uint8) for name in self._spikes})
        self.timesteps += count
        self._view.show(status={"state": "learning", "text": f"timestep {self.timesteps:,}"})

    # ---- State ----

    def _image(self, part: str, field: str) -> Images:
        """Return the image of a field of a part: synapses between neurons as they lie, others in a square."""
        units, width = self._units[part], isqrt(self._units[part] - 1) + 1
        post = [n for f, n in self._driver.design.inputs().items() if n and self._driver.parts[part].units % n == 0]
        if units == self._driver.parts[part].units and len(post) > 1 and post[0] * post[-1] == units:
            width = post[-1]
        legend = f"{part.rstrip('_') or 'synapse'}, {units} of {self._driver.parts[part].units}"
        return Images(field, legend, count=1, height=-(-units // width), width=width, histogram=True)

    def _stripes(self) -> Iterator[tuple[str, int, int]]:
        """Yield stripes of units in turns, for ever."""
        while self._images:
            for part in self._images:
                for first in range(0, self._units[part], _STRIPE):
                    yield part, first, min(first + _STRIPE, self._units[part])

    def _read(self) -> None:
        """Read the state of one stripe after another, as long as a turn lasts, and hold it against the golden model's."""
        end = time.monotonic() + TURN
        for part, first, last in self._turns:
            found = self._driver.some(part, first, last)
            state = self._golden[part][1].state
            wrong = np.zeros(last - first, bool)
            for name, values in found.items():
                wrong |= values != state[name][first:last]
                self._values[part][name][first:last] = values
            self._known[part] = max(self._known[part], last)
            self.words_read += last - first
            self.differ += int(wrong.sum())
            if time.monotonic() > end:
                break
        for part, images in self._images.items():
            for image, values in zip(images, self._values[part].values(), strict=True):
                image.put(0, values[: self._known[part]], self.timesteps)

    def _show(self) -> None:
        line = getattr(self._driver.transport, "dropped", 0)
        self._view.show(
            raster=self._raster.section,
            weights=[image.section for images in self._images.values() for image in images],
            figures=[
                {"name": "timesteps", "value": f"{self.timesteps:,}"},
                {
                    "name": "state words read that differ from the golden model's",
                    "value": f"{self.differ:,} of {self.words_read:,}",
                    "good": not self.differ,
                },
                {"name": "frames dropped on the way back", "value": f"{line:,}"},
            ],
        )
