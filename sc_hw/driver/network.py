"""The driver of a network's chip behind a bus: it learns and decides samples, as the golden network does."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np

from sc_hw_models.networks.inputs import checked_samples
from sc_hw_models.networks.model import sample_order, schedule
from sc_hw_models.rule import ConfigError, check_integer

from ..errors import UserError
from ..network_folder import EmittedNetwork, load_network
from ..rtl.networks.design import NetworkDesign
from .beats import Arrays, array_of, beat_of
from .device import Device, state_words
from .transport import Transport

__all__ = ["NetworkDriver"]

T = TypeVar("T")


class NetworkDriver(Device[NetworkDesign]):
    """A chip of a network behind a bus, reached by a transport, with scikit-learn's names.

    ``core`` is the emitted folder, with ``--bus``, or what was read of it. Samples are bytes ``(samples, pixels)``, classes
    integers from 0. A part is a projection that carries activity, by its name; it keeps ``weight`` and what its kind of
    consolidation adds. The chip holds after every
    call what the golden network holds after the same one, random registers too. Errors: those of ``Device``, and ``UserError``
    for samples or classes of another kind.
    """

    def __init__(self, core: EmittedNetwork | Path, transport: Transport) -> None:
        super().__init__(load_network(Path(core)) if isinstance(core, str | Path) else core, transport)
        self.spec = self.design.spec
        self._slower = 0

    @property
    def slower(self) -> int:
        """Octaves by which learning is slowed."""
        return self._slower

    @slower.setter
    def slower(self, octaves: int) -> None:
        self._slower = _allowed(lambda: check_integer("slower", octaves, 0, self.spec.sample.octaves))

    @property
    def classes_(self) -> np.ndarray:
        """The classes, as scikit-learn names them."""
        return np.arange(self.spec.output.size)

    @property
    def samples(self) -> int:
        """Samples that were decided since the reset, modulo 2^16."""
        return self.get(self.layout.counter)

    # ---- Samples ----

    def fit(self, x: Any, y: Any, *, passes: int = 10, seed: int = 1) -> Self:
        """Learn from the start: all samples ``passes`` times, each time in another order, more slowly toward the end.

        The weights are those of the folder again, random registers at their seeds, as of a golden network that was just made.
        """
        self._needs_registers()
        pixels, classes = self._checked(x, y)
        passes = _allowed(lambda: check_integer("passes", passes, 1, 10**6))
        orders = _allowed(lambda: [sample_order(len(pixels), seed, done) for done in range(passes)])
        shapes = {name: self.design.initial[name] for name in self.parts}
        fresh = {f"{name}.{f.name}": np.zeros_like(shapes[name]) for name, own in self.parts.items() for f in own.fields}
        self.load(fresh | {f"{name}.weight": weights for name, weights in shapes.items()})
        self.reset()
        for done, order in enumerate(orders):
            for stretch, slower in schedule(len(pixels), done, passes, self.spec.sample.octaves):
                self.slower = slower
                self.partial_fit(pixels[order[stretch]], classes[order[stretch]])
        return self

    def partial_fit(self, x: Any, y: Any) -> Self:
        """Learn samples once, in their order, after what was learned before: as fast as the bus does it."""
        self._needs_registers()
        pixels, classes = self._checked(x, y)
        with self._dropping():
            for sample, label in zip(pixels, classes, strict=True):
                self._show(sample, int(label), learn=1)
        return self

    def learn(self, x: Any, y: Any) -> np.ndarray:
        """Learn samples once, as ``partial_fit``, and return how each was decided before it was learned."""
        return self._decided(*self._checked(x, y), learn=1)

    def predict(self, x: Any) -> np.ndarray:
        """Return the class of each sample; nothing is learned."""
        samples = array_of("samples", x)
        return self._decided(*self._checked(samples, np.zeros(len(samples) if samples.ndim else 0, np.int64)), learn=0)

    def score(self, x: Any, y: Any) -> float:
        """Return the part of the samples that are decided as their class; nothing is learned."""
        pixels, classes = self._checked(x, y)
        if not len(pixels):
            raise UserError("samples: none given; a score needs at least one")
        return float((self._decided(pixels, classes, learn=0) == classes).mean())

    def consolidate(self) -> None:
        """End a task: weights become anchors, importances codes, wherever the kind of consolidation has them."""
        if self.design.tasks:
            self._settle()
            self._send(self._trays["host"], {"consolidate": 1, "write": 0})
            self._settle()

    # ---- State ----

    def weights(self, projection: str) -> np.ndarray:
        """Return the weights of a projection now, ``(rows, neurons)``: a row for each sender, the bias the last."""
        return self._read_part(projection)["weight"].reshape(self.design.initial[projection].shape)

    def column(self, projection: str, neuron: int) -> np.ndarray:
        """Return the weights onto one neuron now, ``(rows,)``: a column of ``weights``. Errors: ``UserError``."""
        own = self._part(projection)
        rows, neurons = self.design.initial[projection].shape
        neuron = _allowed(lambda: check_integer("neuron", neuron, 0, neurons - 1))
        return self._read_units(own, range(neuron, rows * neurons, neurons))["weight"]

    def read(self) -> Arrays:
        """Return what all synapses keep, called as in the ``state`` of the golden network: ``PROJECTION.weight``."""
        found: Arrays = {}
        for name in self.parts:
            shape = self.design.initial[name].shape
            found |= {f"{name}.{kept}": values.reshape(shape) for kept, values in self._read_part(name).items()}
        return found

    def load(self, state: Mapping[str, Any]) -> None:
        """Write what ``read`` gave, or as much of the ``state`` of a golden network; random registers stay as they are.

        Everything is checked before anything is written.
        """
        wanted = {(name, f.name): f"{name}.{f.name}" for name, own in self.parts.items() for f in own.fields}
        if missing := [key for key in wanted.values() if key not in state]:
            raise UserError(f"state: lacks {', '.join(missing)}; give {', '.join(wanted.values())}")
        flat: dict[str, Arrays] = {name: {} for name in self.parts}
        for (name, kept), key in wanted.items():
            shape, values = self.design.initial[name].shape, array_of(f"state {key}", state[key])
            if values.shape != shape:
                raise UserError(f"state {key}: shape {values.shape}; allowed is {shape}")
            flat[name][kept] = values.reshape(-1)
        for name, own in flat.items():
            state_words(self.parts[name], own)
        for name, own in flat.items():
            self._load_part(name, own)

    # ---- What these are made of ----

    def _checked(self, x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        return _allowed(lambda: checked_samples(self.spec, x, y))

    def _decided(self, pixels: np.ndarray, classes: np.ndarray, *, learn: int) -> np.ndarray:
        """Show samples and return the decision on each."""
        self._needs_registers()
        (tray,) = self._results()
        found = []
        for sample, label in zip(pixels, classes, strict=True):
            self._show(sample, int(label), learn=learn)
            found.append(self._take(tray))
        self._settle()
        return np.array(found, np.int64)

    def _show(self, sample: np.ndarray, label: int, *, learn: int) -> None:
        """Send the pixels of a sample up to the last that is not 0: what is not sent is."""
        tray = next(tray for tray in self.layout.inlets if tray.stream.several)
        shown = np.flatnonzero(sample)
        bright = sample[: shown[-1] + 1 if shown.size else 1].tolist()
        told = {"label": label, "learn": learn, "slower": self.slower}
        beats = [beat_of(tray.stream, told | {"data": value}) for value in bright[:-1]]
        beats.append(beat_of(tray.stream, told | {"data": bright[-1], "last": 1}))
        while beats:
            self._send_beats(tray, beats)


def _allowed(what: Callable[[], T]) -> T:
    """Return what a check of the models returns; what it refuses is the user's to mend."""
    try:
        return what()
    except ConfigError as error:
        raise UserError(str(error)) from error
