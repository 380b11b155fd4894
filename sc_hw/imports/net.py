"""What a graph says of a chip: layers of neurons and the matrices between them; what no chip can do is refused by node.

Euler's forward steps of ``dt`` turn NIR's equations into what is stepped: v' = (1 - dt / tau) v + gain I.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import UserError
from .graph import LARGEST, RESETS, Graph, Node, Options, laid_open, parameter_of, shown, uniform

__all__ = ["Connection", "Layer", "Net", "net_of"]

POSSIBLE = "possible are Input, Output, Linear, Affine, LIF, IF, CubaLIF without a filter, I before the Output, and subgraphs"
_SPIKING = ("LIF", "IF", "CubaLIF", "Rate")
MOST_NEURONS = 65536


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Neurons of a node: ``leak`` dt / tau in 0..1, ``gain`` of the current, ``threshold``, ``floor`` ``(size,)``.

    ``floor`` is where a reset to a value leads. Kind ``fire`` is stepped, ``rate`` sends a rate in proportion to its current
    (a layer of rectified neurons), ``sum`` is the readout.
    """

    name: str
    kind: str
    size: int
    leak: float = 0.0
    gain: np.ndarray
    threshold: np.ndarray
    floor: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Connection:
    """A matrix ``(inputs, outputs)`` and biases ``(outputs,)`` from a layer to another; ``late`` from the timestep before."""

    name: str
    source: str
    target: str
    weights: np.ndarray
    bias: np.ndarray
    late: bool = False


@dataclass(frozen=True, kw_only=True)
class Net:
    """Layers in the order of need, the readout last, and their connections; ``inputs`` values enter as layer ``entry``."""

    entry: str
    inputs: int
    layers: tuple[Layer, ...]
    connections: tuple[Connection, ...]

    def onto(self, layer: str) -> list[Connection]:
        """Return the connections that lead to a layer."""
        return [c for c in self.connections if c.target == layer]


def net_of(graph: Graph, options: Options) -> Net:
    """Return the layers and matrices of a graph. Errors: ``UserError`` that names the node and says what is possible."""
    graph = laid_open(graph)
    for name, node in graph.nodes.items():
        if node.kind not in (*_SPIKING, "Input", "Output", "Linear", "Affine", "I"):
            raise UserError(f"{shown(name, node)}: {_WHY.get(node.kind, 'is nothing that a chip of sc-hw does')}; {POSSIBLE}")
    return _Reader(graph, options).net()


_WHY = {
    "Conv1d": "a convolution, which no block does",
    "Conv2d": "a convolution, which no block does",
    "SumPool2d": "pooling, which no block does",
    "AvgPool2d": "pooling, which no block does",
    "CubaLI": "a leaky readout with a synaptic filter, which no block does",
    "LI": "a leaky readout; a chip's sums without a leak",
    "Delay": "a delay; a chip has that of one timestep in a recurrence alone",
    "Threshold": "a threshold without a membrane",
    "Scale": "a scale between layers; multiply the matrix behind it by it",
}


class _Reader:
    def __init__(self, graph: Graph, options: Options) -> None:
        self.nodes, self.options = graph.nodes, options
        self.after: dict[str, list[str]] = {name: [] for name in graph.nodes}
        self.before: dict[str, list[str]] = {name: [] for name in graph.nodes}
        for source, target in graph.edges:
            self.after[source].append(target)
            self.before[target].append(source)

    def net(self) -> Net:
        entry, end = self._only("Input"), self._only("Output")
        inputs = self._inputs(entry)
        if len(self.before[end]) != 1:
            raise UserError(f"{shown(end)}: {len(self.before[end])} nodes lead to it; allowed is one, whose outputs decide")
        (last,) = self.before[end]
        readout = last if self.nodes[last].kind == "I" else end
        sizes = {entry: inputs}
        for name, node in self.nodes.items():
            if node.kind in _SPIKING or node.kind == "I":
                if node.kind == "I" and name != readout:
                    raise UserError(f"{shown(name, node)}: integrates without a threshold, but is not the last; {POSSIBLE}")
                sizes[name] = self._size(name, node)
        connections = [c for name in [*self.nodes] for c in self._connections(name, readout, sizes)]
        sizes |= {c.target: c.weights.shape[1] for c in connections if c.target == end}
        for c in connections:
            if c.weights.shape != (sizes[c.source], sizes[c.target]):
                raise UserError(
                    f"{shown(c.name)}: takes {c.weights.shape[0]} and gives {c.weights.shape[1]} values between "
                    f"{sizes[c.source]} of {shown(c.source)} and {sizes[c.target]} of {shown(c.target)}; correct the file"
                )
        order = self._order(entry, readout, connections, sizes)
        late = {name: k for k, name in enumerate(order)}
        connections = [
            Connection(**{**vars(c), "late": True}) if c.source != entry and c.source == c.target else c for c in connections
        ]
        connections.sort(key=lambda c: (late[c.target], c.late))
        return Net(
            entry=entry,
            inputs=inputs,
            layers=tuple(self._layer(name, sizes[name], name == readout) for name in order),
            connections=tuple(connections),
        )

    def _only(self, kind: str) -> str:
        found = [name for name, node in self.nodes.items() if node.kind == kind]
        if len(found) != 1:
            raise UserError(f"the graph has {len(found)} nodes {kind}{': ' * bool(found)}{', '.join(found)[:80]}; allowed is one")
        return found[0]

    def _inputs(self, entry: str) -> int:
        shape = self.nodes[entry].values.get("shape", self.nodes[entry].values.get("input_type", np.zeros(0)))
        size = int(np.prod(np.asarray(shape, dtype=np.int64))) if np.size(shape) else 0
        if not 1 <= size <= MOST_NEURONS:
            raise UserError(f"{shown(entry, self.nodes[entry])}: {size} values; allowed are 1..{MOST_NEURONS}")
        return size

    def _size(self, name: str, node: Node) -> int:
        """Return the neurons of a node: as many as a parameter has values, or, where all share one, as the matrix gives."""
        parameters = [np.size(node.values[key]) for key in ("r", "v_threshold", "tau", "tau_mem") if key in node.values]
        size = max(parameters, default=0)
        rows = [
            self.nodes[n].values["weight"].shape[0] for n in self.before[name] if np.ndim(self.nodes[n].values.get("weight", 0))
        ]
        return rows[0] if size == 1 and rows else size

    def _connections(self, name: str, readout: str, sizes: dict[str, int]) -> list[Connection]:
        """Return what a node brings to layers: a matrix to each layer behind it, or itself where none stands between."""
        node = self.nodes[name]
        layers = (*sizes, readout)
        if node.kind in ("Linear", "Affine"):
            weights = parameter_of(name, node, "weight")
            bias = parameter_of(name, node, "bias") if node.kind == "Affine" else np.zeros(weights.shape[0])
            if weights.ndim != 2 or bias.shape != weights.shape[:1]:
                raise UserError(f"{shown(name, node)}: weights {weights.shape}, biases {bias.shape}; allowed is one matrix")
            for other in self.before[name] + self.after[name]:
                if other not in layers:
                    raise UserError(
                        f"{shown(name, node)}: {shown(other, self.nodes[other])} is next to it; allowed are an Input, "
                        "neurons and an Output; multiply matrices in a row"
                    )
            if len(self.before[name]) != 1 or not self.after[name]:
                raise UserError(
                    f"{shown(name, node)}: takes from {len(self.before[name])} nodes; allowed is one, and one to give to"
                )
            return [
                Connection(name=name, source=self.before[name][0], target=target, weights=weights.T, bias=bias)
                for target in self.after[name]
            ]
        found = []
        for target in self.after[name]:
            if name in sizes and target in layers and name != readout:
                one = np.eye(sizes[name])
                found.append(Connection(name=name, source=name, target=target, weights=one, bias=np.zeros(len(one))))
        return found

    def _order(self, entry: str, readout: str, connections: list[Connection], sizes: dict[str, int]) -> list[str]:
        """Return the layers, each behind all that it needs in the same timestep."""
        left, done = [name for name in sizes if name not in (entry, readout)], [entry]
        for name in [*left, readout]:
            if not any(c.target == name and c.source != name for c in connections):
                raise UserError(f"{shown(name, self.nodes[name])}: nothing leads to it; remove it from the graph")
        while left:
            ready = [n for n in left if all(c.source in done for c in connections if c.target == n and c.source != n)]
            if not ready:
                cycle = ", ".join(shown(n) for n in left[:4])
                raise UserError(
                    f"a cycle through {cycle}: which of its edges waits a timestep the file does not say; possible is a "
                    "recurrence of a layer onto itself, which takes the spikes of the timestep before"
                )
            done.append(ready[0])
            left.remove(ready[0])
        return [*done[1:], readout]

    def _layer(self, name: str, size: int, last: bool) -> Layer:
        node, ones, none = self.nodes[name], np.ones(size), np.zeros(size)
        if node.kind == "Output":
            return Layer(name=name, kind="sum", size=size, gain=ones, threshold=ones, floor=none)
        if node.kind == "Rate":
            return Layer(
                name=name,
                kind="rate",
                size=size,
                gain=ones,
                threshold=parameter_of(name, node, "v_threshold").ravel(),
                floor=none,
            )
        dt = self._given(name, node, "dt", "--dt SECONDS, of a timestep of the network when it was trained", positive=True)
        gain = parameter_of(name, node, "r").ravel() * dt * ones if np.size(node.values.get("r", 0.0)) in (1, size) else none[:0]
        if node.kind == "I":
            if not last or np.ptp(gain) > 1e-6 * np.abs(gain).max() or gain[0] <= 0:
                raise UserError(f"{shown(name, node)}: resistances differ or are not positive; allowed is one above 0")
            return Layer(name=name, kind="sum", size=size, gain=gain, threshold=ones, floor=none)
        leak = 0.0
        if node.kind != "IF":
            tau = uniform(name, node, "tau" if node.kind == "LIF" else "tau_mem", what="a chip has one leak for a population")
            if tau < dt * (1 - 1e-6):
                raise UserError(
                    f"{shown(name, node)}: tau of {tau:g} s is less than --dt {dt:g}; give the dt that it was trained with"
                )
            leak = min(dt / tau, 1.0)
            gain = gain / tau
            if np.abs(parameter_of(name, node, "v_leak")).max() > 0:
                raise UserError(f"{shown(name, node)}: v_leak is not 0; allowed is 0: shift threshold and biases by it")
        if node.kind == "CubaLIF":
            gain = gain * self._unfiltered(name, node, dt)
        threshold = parameter_of(name, node, "v_threshold").ravel()
        if threshold.size not in (1, size) or gain.size != size:
            raise UserError(f"{shown(name, node)}: {size} neurons, {threshold.size} thresholds; allowed is one for each")
        threshold = threshold * ones
        if threshold.min() <= 0:
            raise UserError(f"{shown(name, node)}: a threshold of {threshold.min():g}; allowed are those above 0")
        floor = self._reset(name, node) + none
        return Layer(name=name, kind="fire", size=size, leak=leak, gain=gain, threshold=threshold, floor=floor)

    def _unfiltered(self, name: str, node: Node, dt: float) -> np.ndarray:
        tau = uniform(name, node, "tau_syn", what="a chip has no synaptic filter")
        if abs(tau - dt) > 1e-4 * dt:
            raise UserError(
                f"{shown(name, node)}: its synapses are a filter of tau_syn {tau:g} s, which no block does; possible is tau_syn "
                f"equal to --dt {dt:g}, which is none, or LIF: train with that"
            )
        return parameter_of(name, node, "w_in").ravel()

    def _reset(self, name: str, node: Node) -> np.ndarray:
        """Return what the membrane is reset to, where it is reset to a value."""
        reset = self._given(name, node, "reset", f"--reset {'|'.join(RESETS)}: the file does not say how it resets")
        floor = parameter_of(name, node, "v_reset").ravel() if "v_reset" in node.values else np.zeros(1)
        if reset != "zero" and np.abs(floor).max() > 0:
            raise UserError(f"{shown(name, node)}: has a v_reset, which --reset {reset} does without; give --reset zero")
        if reset != "subtract" and "reset" not in self.options.approximate:
            raise UserError(
                f"{shown(name, node)}: --reset {reset}; a chip subtracts the threshold in the timestep of the spike (subtract); "
                "--approximate reset takes that, and the comparison shows what it costs"
            )
        return floor

    def _given(self, name: str, node: Node, option: str, what: str, *, positive: bool = False) -> Any:
        value = getattr(self.options, option)
        if value is None:
            raise UserError(f"{shown(name, node)}: the file does not say it; give {what}")
        if positive and not 1 / LARGEST <= value <= LARGEST:
            raise UserError(f"--{option} {value}: allowed are seconds above 0, {1 / LARGEST:g} to {LARGEST:g}")
        return value
