"""Homeostatic scaling from far away, rewiring of correlated neurons, and a majority vote under masks."""

import numpy as np
from matplotlib.figure import Figure
from measurement import INK, Measurement, Row

from sc_hw_models.network import Network, Population, Projection
from sc_hw_models.neurons import LIF, Source
from sc_hw_models.training.federated import SecureSum
from sc_hw_models.training.homeostasis import HomeostaticPlasticity
from sc_hw_models.training.structural import StructuralPlasticity

TARGET_HZ, SECONDS, DT, NEURONS = 10.0, 120, 4.0, 50
GROUPS, SIZE, ROUNDS, SEEDS = 5, 20, 30, 5


def scaled(start: float, form: str, *, regular: bool = False) -> np.ndarray:
    """Return spikes a second and neuron, ``(seconds, neurons)``; weights start at ``start`` times about the right ones.

    The input is random spikes, or with ``regular`` a current of the same mean with little noise, under which the rate rises
    steeply with the weights.
    """
    g = np.random.default_rng(3)
    x, a = Population("x", 40, Source()), Population("a", NEURONS, LIF(dt=DT))
    network = Network([x, a], [Projection.from_matrix(x, a, start * g.uniform(0.05, 0.1, (40, NEURONS)))])
    plasticity = HomeostaticPlasticity(TARGET_HZ, 500.0, tau_scaling=4000.0, form=form, dt=DT)
    second = round(1000 / DT)
    counts = np.zeros((SECONDS, NEURONS))
    for t in range(SECONDS * second):
        sent = np.maximum(g.normal(0.05, 0.02, 40), 0.0) if regular else g.random(40) < 0.05
        spikes = network.step({"x": sent})
        plasticity.update(a)
        counts[t // second] += spikes
    return counts


def farthest(counts: np.ndarray) -> float:
    """Return the largest error of any neuron's mean rate, as a fraction of the target."""
    return float(np.abs(counts.mean(axis=0) / TARGET_HZ - 1).max())


def rewired(seed: int) -> tuple[list[float], bool]:
    """Return the fraction of synapses inside groups after each rewiring, and whether their number was held.

    Groups of neurons spike together; the weights drift at random, so that a tenth or so is pruned every time.
    """
    g, n = np.random.default_rng(seed), GROUPS * SIZE
    a, b = Population("a", n, LIF()), Population("b", n, LIF())
    p = Projection.random(a, b, out_degree=10, scale=0.02, generator=g)
    plasticity = StructuralPlasticity(0.05, window=400, period=400, seed=seed)
    inside, held = [], True
    for _ in range(ROUNDS):
        inside.append(float((p.rows // SIZE == p.indices // SIZE).mean()))
        p.data += np.where(p.rows // SIZE == p.indices // SIZE, 0.002, -0.002)  # Hebbian drift
        for _ in range(400):
            together = np.repeat(g.random(GROUPS) < 0.04, SIZE)
            for population in (a, b):
                population.state["output"] = (together | (g.random(n) < 0.02)).astype(float)
            plasticity.update(p)
        held = held and len(p.data) == 10 * n
    return inside, held


def measure() -> Measurement:
    """Measure the three."""
    counts = {(start, form): scaled(start, form) for start in (0.1, 10.0) for form in ("slow", "clipped")}
    worst = max(farthest(counts[start, "slow"][SECONDS // 2 :]) for start in (0.1, 10.0))
    steep = {form: scaled(1.0, form, regular=True)[SECONDS // 2 :] for form in ("slow", "clipped")}
    grown = [rewired(seed) for seed in range(SEEDS)]
    ends = [inside[-1] for inside, _ in grown]
    all_held = all(held for _, held in grown)
    session, sent = SecureSum(3), np.tile(np.arange(2), 50_000)
    seen = [session.send(client, sent) % 256 for client in range(3)]
    counted = np.stack([np.bincount(seen[0][sent == bit].astype(int), minlength=256) for bit in (0, 1)])
    chi = float((((counted - counted.mean()) ** 2) / counted.mean()).sum())

    def draw(figure: Figure) -> None:
        rate, structure = figure.subplots(1, 2)
        for (start, form), colour in zip(counts, ("#2f8fd0", INK, "#e07020", INK), strict=True):
            label = f"slow, from {start:g}x" if form == "slow" else None
            rate.plot(counts[start, form].mean(axis=1), color=colour, label=label, linewidth=1.2 if form == "slow" else 0.6)
        rate.plot([], color=INK, linewidth=0.6, label="clipped")
        rate.axhline(TARGET_HZ, color=INK, linestyle=":", linewidth=0.8)
        rate.set(xlabel="time, s", ylabel="mean rate, Hz", yscale="symlog", ylim=(0, 300))
        rate.legend()
        for inside, _ in grown:
            structure.plot(inside, color="#e07020", linewidth=0.9)
        structure.axhline(1 / GROUPS, color=INK, linestyle=":", linewidth=0.8)
        structure.set(xlabel="rewirings", ylabel="synapses inside groups", ylim=(0, 1))

    return Measurement(
        title="homeostatic scaling, rewiring, federated aggregation",
        setting=f"Scaling: {NEURONS} LIF neurons, {SECONDS} s, second half judged, seed 3. Rewiring: {GROUPS} groups of {SIZE} "
        f"neurons, {ROUNDS} rewirings, seeds 0..{SEEDS - 1}. Masks: 3 clients, 100,000 values, the low byte of what is seen.",
        rows=[
            Row("slow, from 0.1x and 10x: largest error of a rate", f"{100 * worst:.1f} %", "at most 10 %", worst <= 0.1),
            Row("silent at the start: neurons of the 0.1x run", f"{(counts[0.1, 'slow'][0] == 0).sum()} of {NEURONS}", "", True),
            *(
                Row(f"{form}, regular input: a neuron's lowest and highest second, Hz", f"{c.min():g}, {c.max():g}", "", True)
                for form, c in steep.items()
            ),
            *(
                Row(f"{form}, regular input: largest error of a rate", f"{100 * farthest(c):.1f} %", "", True)
                for form, c in steep.items()
            ),
            Row("synapses held while rewiring", str(all_held).lower(), "true", all_held),
            Row("inside groups, worst seed; chance is 0.20", f"{min(ends):.2f}", "at least 0.5", min(ends) >= 0.5),
            Row(
                "aggregator's view given the bit: chi-square, 510 degrees",
                "below 636" if chi < 636 else f"{chi:.0f}",
                "99.99 %: below 636",
                chi < 636,
            ),
        ],
        draw=draw,
    )
