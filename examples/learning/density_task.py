"""What a synapse costs at any density: BPTT and e-prop through sparse projections, beside complete ones."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from measurement import INK, Measurement, Row
from threadpoolctl import threadpool_limits

from sc_hw_models import sparse
from sc_hw_models.network import Network, Population, Projection
from sc_hw_models.neurons import LIF, Leaky, Source
from sc_hw_models.training.bptt import BPTTLearner
from sc_hw_models.training.eprop import EpropTrainer
from sc_hw_models.training.losses import squared_error

SIZES, DENSITIES = (100, 300, 1000), (0.01, 0.05, 0.1, 0.3, 0.45)
TIMESTEPS, SEED = 20, 0
ROUNDS, MOST = 15, 60  # rounds at least and at most
WIDTH = 0.3  # how wide the interval of a judged ratio may be, when rounds end
DRAWS = 400  # of rounds, with repetition, for an interval
LEARNERS = {"BPTT, 1 sample": 1, "BPTT, 32 samples": 32, "e-prop, 1 sample": 0}
STILL = 1e-9  # the rate of learning: so small that a network spikes as often in its last step as in its first
BAR = 2.0
JUDGED = 10_000  # synapses from which a ratio is judged: fewer cost less than the calls of a timestep, whatever their density
SHARE = 0.2  # of what neurons cost, that the synapses of the complete network must: a ratio of less is noise


def projection(source: Population, target: Population, density: float, *, loops: bool, g: np.random.Generator) -> Projection:
    """Return a projection with exactly that share of all places, without loops those off the diagonal."""
    places = np.arange(source.n * target.n).reshape(source.n, target.n)
    allowed = places.reshape(-1) if loops else places[~np.eye(source.n, dtype=bool)]
    mask = np.zeros(places.shape, bool)
    mask.flat[g.permutation(allowed)[: round(density * len(allowed))]] = True
    drive = max(1, density * source.n) ** -0.5  # so deviating, weights make a neuron spike as often at any density
    return Projection.from_matrix(source, target, g.normal(0, drive, places.shape), mask)


def learner(kind: str, n: int, density: float, *, loops: bool = True) -> tuple[Callable[[], float], int]:
    """Return a step of learning, and the synapses of its two large projections."""
    g = np.random.default_rng(SEED)
    samples = LEARNERS[kind]
    x, h, y = Population("x", n, Source()), Population("h", n, LIF()), Population("y", 2, Leaky())
    large = [projection(x, h, density, loops=True, g=g), projection(h, h, density, loops=loops, g=g)]
    inputs = 3.0 * (g.random((TIMESTEPS, samples, n) if samples > 1 else (TIMESTEPS, n)) < 0.05)
    targets = np.zeros((*inputs.shape[:-1], 2))
    synapses = sum(len(p.data) for p in large)
    if not samples:
        trainer = EpropTrainer(n, n, 2, lr=STILL, seed=SEED)
        for own, p in zip(trainer.network.projections, large, strict=False):
            own.rewire(p.indptr, p.indices, p.data)
        return lambda: trainer.train_sequence(inputs, targets), synapses
    readout = Projection.from_matrix(h, y, g.normal(0, n**-0.5, (n, 2)))
    network = BPTTLearner(Network([x, h, y], [*large, readout]), squared_error, lr=STILL)
    return lambda: network.train_step(inputs, targets), synapses


def rounds(steps: list[Callable[[], float]]) -> Iterator[list[float]]:
    """Yield for each round, in which all take their turn, the shortest processor time of each.

    A turn takes as long as a step of the slowest, so that a step of some milliseconds, of which others are subtracted, is the
    shortest of many. The first step of a turn is not counted: others left the caches full of their data.
    """
    turn = max([processor_time(step) for step in steps])
    while True:
        found = []
        for step in steps:
            step()
            over, best = time.process_time() + turn, np.inf
            while best == np.inf or time.process_time() < over:
                best = min(best, processor_time(step))
            found.append(best)
        yield found


@dataclass(frozen=True)
class Found:
    """What rounds gave, seconds ``(rounds, networks)``: the complete network, the one without synapses, and the others."""

    seconds: np.ndarray
    synapses: np.ndarray  # of each

    @property
    def typical(self) -> np.ndarray:
        """The median of each network's seconds."""
        return np.asarray(np.median(self.seconds, axis=0))

    @property
    def judged(self) -> np.ndarray:
        """Which of the others have synapses enough, of a network whose synapses take enough, that a ratio says something."""
        enough = self.typical[0] >= (1 + SHARE) * self.typical[1]
        return np.asarray((self.synapses[2:] >= JUDGED) & enough)

    def ratios(self, chosen: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Return of the others what a synapse costs, times what it costs in the complete network.

        Differences are those of a round, so that what makes all slower for a while, as another program does, is in neither.
        """
        of_round = np.median(self.seconds[chosen] - self.seconds[chosen, 1:2], axis=0) / np.maximum(self.synapses, 1)
        return np.asarray(of_round[2:] / of_round[0])

    def interval(self) -> np.ndarray:
        """Return the 2.5th and 97.5th percentile of the ratios, ``(2, others)``, over draws of rounds from these rounds."""
        g = np.random.default_rng(SEED)
        drawn = [self.ratios(g.integers(len(self.seconds), size=len(self.seconds))) for _ in range(DRAWS)]
        return np.asarray(np.percentile(drawn, (2.5, 97.5), axis=0))


def measured(made: list[tuple[Callable[[], float], int]]) -> Found:
    """Return rounds of networks, the complete first and then that without synapses, until every judged ratio is sure enough."""
    seconds: list[list[float]] = []
    for found in rounds([step for step, _ in made]):
        seconds.append(found)
        so_far = Found(np.array(seconds), np.array([count for _, count in made]))
        if len(seconds) >= MOST:
            return so_far
        if len(seconds) >= ROUNDS:
            low, high = so_far.interval()
            if not so_far.judged.any() or (high - low)[so_far.judged].max() <= WIDTH:
                return so_far
    raise AssertionError("rounds do not end")


def processor_time(step: Callable[[], float]) -> float:
    """Return the processor time of a step."""
    start = time.process_time()
    step()
    return time.process_time() - start


@contextmanager
def numpy_alone() -> Iterator[None]:
    """Within, products are made as on a machine without a C compiler."""
    products = sparse.sparse_products
    sparse.sparse_products = lambda: None  # type: ignore[assignment]
    try:
        yield
    finally:
        sparse.sparse_products = products


@dataclass(frozen=True)
class Worst:
    """The largest ratio that is judged, and its interval."""

    ratio: float = 0.0
    low: float = 0.0
    high: float = 0.0

    def __str__(self) -> str:
        return f"{self.ratio:.1f} ({self.low:.1f} to {self.high:.1f})"


def table(sizes: tuple[int, ...]) -> tuple[list[str], dict[str, list[Worst]], dict[str, list[float]]]:
    """Return rows for all learners and sizes, the worst ratio of each learner with loops and without, and a curve of each."""
    lines, worst, curves = [], {}, {}
    for kind in LEARNERS:
        worst[kind] = [Worst(), Worst()]
        for n in sizes:
            made = [learner(kind, n, d) for d in (1.0, 0.0, *DENSITIES)] + [learner(kind, n, 1.0, loops=False)]
            found = measured(made)
            complete, none, *others = found.typical
            ratios, (low, high), cells = found.ratios(), found.interval(), []
            for k, (t, count, judged) in enumerate(zip(others, found.synapses[2:], found.judged, strict=True)):
                cell = f"{ratios[k]:.1f}, {low[k]:.1f} to {high[k]:.1f}" if judged else "-"
                cells.append(f"{1e3 * t:.1f} ({cell}; {t / count / (complete / found.synapses[0]):.1f})")
                free = k == len(others) - 1
                if judged and ratios[k] > worst[kind][free].ratio:
                    worst[kind][free] = Worst(ratios[k], low[k], high[k])
            lines.append(
                f"| {kind}, {n} | {len(found.seconds)} | {1e3 * none:.1f} | {' | '.join(cells)} | {1e3 * complete:.1f} |"
            )
            curves[kind] = [1e3 * t for t in (*others[:-1], complete)]
    return lines, worst, curves


def measure() -> Measurement:
    """Time every learner at every size and density, with the products in C and, but for the largest size, without."""
    if not sparse.sparse_products():
        raise SystemExit("density: no C compiler; install g++ (apt-get install g++) or set CXX")
    head = [
        f"| learner, neurons | rounds | none | {' | '.join(f'{100 * d:g} %' for d in DENSITIES)} | no loops | complete |",
        "|---" + "|---:" * (len(DENSITIES) + 4) + "|",
    ]
    with threadpool_limits(1):  # scikit-learn's; a second thread of the dense products spins, and its time counts
        found, worst, curves = table(SIZES)
        with numpy_alone():
            plain, _, _ = table(SIZES[:-1])
    lines = ["", "## All figures", ""]
    lines += [
        "Milliseconds of a step of learning, and in brackets what a synapse costs, times what it costs in the complete network:",
        "without what the same network takes that has no synapse, where that is judged, with its interval; and with it.",
        "",
        *head,
        *found,
        "",
        "## Without a C compiler",
        "",
        "The bar is not met: matrices of up to 2^18 places are filled in and multiplied as a whole, so that a step takes about",
        "what the complete network takes, at any density, and a network without synapses hardly less. A synapse then costs",
        "1 / density times what it costs in the complete network, the last number in brackets: NumPy has no product that",
        "follows indices in one pass.",
        "",
        *head,
        *plain,
        "",
    ]

    def draw(figure: Figure) -> None:
        panel = figure.subplots()
        for (kind, curve), colour in zip(curves.items(), ("#2f8fd0", "#e07020", INK), strict=True):
            panel.plot([*DENSITIES, 1.0], curve, "o-", color=colour, label=kind)
        panel.set(xlabel="density", ylabel=f"ms a step, {SIZES[-1]} neurons", xscale="log", yscale="log")
        panel.legend()

    rows = []
    span = f"{100 * DENSITIES[0]:g} to {100 * DENSITIES[-1]:g} %"
    for kind, of_kind in worst.items():
        for what, found in zip(
            (f"a synapse at {span}, times one of the complete, worst", "without loops, the same"), of_kind, strict=True
        ):
            rows.append(Row(f"{kind}: {what}", str(found), f"at most {BAR:g}", found.ratio <= BAR))
    return Measurement(
        title="learning through sparse projections",
        setting=f"n inputs and n recurrent LIF neurons, n = {', '.join(map(str, SIZES))}, {TIMESTEPS} timesteps; processor time "
        "of one thread. In a round each network is stepped once for the caches and then for as long as a step of the slowest "
        "takes; the shortest counts. A figure is the median of rounds, without what the network of the same neurons and no "
        f"synapse took in that round; in brackets the 95 % interval (bootstrap over rounds). {ROUNDS} rounds or more, until "
        f"every interval that is judged is at most {WIDTH:g} wide, or {MOST}. Of networks with {JUDGED:,} synapses or more, "
        "fewer cost less than the calls of a timestep, where all synapses take at least "
        f"{100 * SHARE:g} % of what neurons take, less is noise. Products in C.",
        rows=rows,
        draw=draw,
        details=lines,
    )
