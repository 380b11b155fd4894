"""What a synapse costs at any density: BPTT and e-prop through sparse projections, beside complete ones."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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
ROUNDS, SECONDS = 5, 4.0  # at least so many, and as many as begin in that time
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


def times(steps: list[Callable[[], float]]) -> list[float]:
    """Return the shortest processor time of each over rounds in which all take their turn.

    A turn takes as long as a step of the slowest, so that a step of some milliseconds, of which others are subtracted, is the
    shortest of many. The first step of a turn is not counted: others left the caches full of their data.
    """
    found = [processor_time(step) for step in steps]
    turn, rounds, end = max(found), 0, time.process_time() + SECONDS
    while rounds < ROUNDS or time.process_time() < end:
        for k, step in enumerate(steps):
            step()
            over = time.process_time() + turn
            while True:
                found[k] = min(found[k], processor_time(step))
                if time.process_time() >= over:
                    break
        rounds += 1
    return found


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


def table(sizes: tuple[int, ...]) -> tuple[list[str], dict[str, tuple[float, float]], dict[str, list[float]]]:
    """Return rows for all learners and sizes, the worst ratio of each learner with loops and without, and a curve of each."""
    lines, worst, curves = [], {}, {}
    for kind in LEARNERS:
        with_loops, free = 0.0, 0.0
        for n in sizes:
            made = [learner(kind, n, d) for d in (1.0, 0.0, *DENSITIES)] + [learner(kind, n, 1.0, loops=False)]
            complete, none, *found = times([step for step, _ in made])
            synapses = [count for _, count in made]
            cells, ratios = [], []
            for t, count in zip(found, synapses[2:], strict=True):
                ratios.append((t - none) / count / ((complete - none) / synapses[0]))
                cells.append(f"{1e3 * t:.1f} ({ratios[-1]:.1f}, {t / count / (complete / synapses[0]):.1f})")
            *ofs, last = zip(ratios, synapses[2:], strict=True)
            if complete >= (1 + SHARE) * none:
                with_loops = max([with_loops, *(ratio for ratio, count in ofs if count >= JUDGED)])
                free = max(free, last[0])
            lines.append(f"| {kind}, {n} | {1e3 * none:.1f} | {' | '.join(cells)} | {1e3 * complete:.1f} |")
            curves[kind] = [1e3 * t for t in (*found[:-1], complete)]
        worst[kind] = (with_loops, free)
    return lines, worst, curves


def measure() -> Measurement:
    """Time every learner at every size and density, with the products in C and, but for the largest size, without."""
    if not sparse.sparse_products():
        raise SystemExit("density: no C compiler; install g++ (apt-get install g++) or set CXX")
    head = [
        f"| learner, neurons | none | {' | '.join(f'{100 * d:g} %' for d in DENSITIES)} | no loops | complete |",
        "|---" + "|---:" * (len(DENSITIES) + 3) + "|",
    ]
    with threadpool_limits(1):  # scikit-learn's; a second thread of the dense products spins, and its time counts
        found, worst, curves = table(SIZES)
        with numpy_alone():
            plain, _, _ = table(SIZES[:-1])
    lines = ["", "## All figures", ""]
    lines += [
        "Milliseconds of a step of learning, and in brackets what a synapse costs, times what it costs in the complete network:",
        "without what the same network takes that has no synapse, and with it.",
        "",
        *head,
        *found,
        "",
        "## Without a C compiler",
        "",
        "The bar is not met: matrices of up to 2^18 places are filled in and multiplied as a whole, so that a step takes about",
        "what the complete network takes, at any density, and a network without synapses hardly less. A synapse then costs",
        "1 / density times what it costs in the complete network, the second number in brackets: NumPy has no product that",
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
    for kind in LEARNERS:
        rows.append(
            Row(
                f"{kind}: a synapse at {100 * DENSITIES[0]:g} to {100 * DENSITIES[-1]:g} %, times one of the complete, worst",
                f"{worst[kind][0]:.1f}",
                f"at most {BAR:g}",
                worst[kind][0] <= BAR,
            )
        )
        rows.append(
            Row(f"{kind}: without loops, the same", f"{worst[kind][1]:.1f}", f"at most {BAR:g}", worst[kind][1] <= BAR),
        )
    return Measurement(
        title="learning through sparse projections",
        setting=f"n inputs and n recurrent LIF neurons, n = {', '.join(map(str, SIZES))}, {TIMESTEPS} timesteps; processor time "
        f"of one thread, the shortest of {ROUNDS} rounds or more, in each of which a network is stepped once for the caches and "
        "then for as long as a step of the slowest takes. Without what neurons cost, the same at any density; of "
        f"networks with {JUDGED:,} synapses or more, fewer cost less than the calls of a timestep, where all synapses take at "
        f"least {100 * SHARE:g} % of what neurons take, less is noise. Products in C.",
        rows=rows,
        draw=draw,
        details=lines,
    )
