"""E-prop: generate a pattern, accumulate cues over a delay; the cosine to BPTT's gradient; memory over the sequence's length."""

import tracemalloc

import numpy as np
from matplotlib.figure import Figure
from measurement import INK, Measurement, Row, on_all_processors

from sc_hw_models.training.bptt import BPTTLearner
from sc_hw_models.training.eprop import EpropTrainer
from sc_hw_models.training.losses import cross_entropy
from sc_hw_models.training.schedulers import CosineScheduler
from sc_hw_models.training.surrogates import triangular

SEEDS = 3
CUES, CUE, GAP, DELAY, RECALL = 5, 20, 10, 150, 30  # timesteps of 1 ms
LENGTH = CUES * (CUE + GAP) + DELAY + RECALL
PATTERN_MS, PATTERN_UPDATES, PATTERN_LR = 500, 600, 0.01
CUE_UPDATES, SAMPLES, GROUP = 60, 32, 10


def pattern(seed: int) -> tuple[EpropTrainer, np.ndarray, np.ndarray]:
    """Return a network, one frozen spike train and a sum of four sinusoids of 1, 2, 3 and 5 Hz, as Bellec et al. do."""
    g = np.random.default_rng(seed)
    t = np.arange(PATTERN_MS)[:, None] / 1000
    waves = (g.uniform(0.5, 2, 4) * np.sin(2 * np.pi * (np.array([1, 2, 3, 5]) * t + g.random(4)))).sum(axis=1, keepdims=True)
    trainer = EpropTrainer(40, 60, 1, recurrent_scale=0.5, input_scale=3.0, seed=seed)
    return trainer, g.random((PATTERN_MS, 40)) < 0.05, waves / np.abs(waves).max()


def learn_pattern(seed: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Return target, output and the squared error over that of silence, after learning with a rate that falls to 0."""
    trainer, inputs, target = pattern(seed)
    schedule = CosineScheduler(PATTERN_LR, 0.0, PATTERN_UPDATES)
    for _ in range(PATTERN_UPDATES):
        trainer.optimiser.lr = schedule.lr
        trainer.train_sequence(inputs, target)
        schedule.step()
    output = trainer.predict_sequence(inputs)
    return target, output, float(np.square(output - target).sum() / np.square(target).sum())


def network(seed: int) -> EpropTrainer:
    """Return ALIF neurons that remember for about as long as the delay."""
    return EpropTrainer(
        4 * GROUP,
        50,
        2,
        lr=0.005,
        tau_adaptation=300.0,
        adaptation=0.15,
        refractory=3,
        input_scale=2.0,
        recurrent_scale=0.7,
        loss_fn=cross_entropy,
        seed=seed,
    )


def cues(g: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return spikes of four groups (left, right, recall, noise) and which side had more cues, asked at the recall."""
    sides = g.integers(0, 2, (SAMPLES, CUES))
    rate = np.zeros((LENGTH, SAMPLES, 4))
    rate[:, :, 3] = 0.01
    for k in range(CUES):
        rate[k * (CUE + GAP) : k * (CUE + GAP) + CUE, np.arange(SAMPLES), sides[:, k]] = 0.2
    rate[-RECALL:, :, 2] = 0.2
    targets = np.full((LENGTH, SAMPLES), -1)
    targets[-RECALL:] = sides.mean(axis=1) > 0.5
    return g.random((LENGTH, SAMPLES, 4 * GROUP)) < np.repeat(rate, GROUP, axis=2), targets


def right(trainer: EpropTrainer, inputs: np.ndarray, targets: np.ndarray) -> float:
    """Return the fraction answered right, by the output summed over the recall."""
    answers = trainer.predict_sequence(inputs)[-RECALL:].sum(axis=0).argmax(axis=1)
    return float((answers == targets[-1]).mean())


def cosines(trainer: EpropTrainer, inputs: np.ndarray, targets: np.ndarray) -> list[float]:
    """Return the cosine of e-prop's gradient to BPTT's for input and recurrent weights."""
    bptt = BPTTLearner(trainer.network, trainer.loss_fn, surrogate=triangular())
    _, whole = bptt.gradients({"input": inputs}, targets)
    trainer.accumulate(inputs, targets)
    return [float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)) for a, b in zip(trainer.gradients[:2], whole, strict=False)]


def memory(timesteps: int) -> tuple[int, float]:
    """Return the numbers carried from step to step and the peak of all memory, in kB, of a sequence never held whole."""
    trainer, g = network(0), np.random.default_rng(0)
    tracemalloc.start()
    for _ in range(timesteps):
        trainer.step(g.random(4 * GROUP) < 0.02, np.array(1))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return trainer.memory_per_step, peak / 1e3


def learn_cues(seed: int) -> tuple[list[float], float, EpropTrainer]:
    """Return the loss of each update on fresh samples, the fraction right on others, and the trained network."""
    trainer, g = network(seed), np.random.default_rng([seed, 1])
    losses = [trainer.train_sequence(*cues(g)) * LENGTH / RECALL for _ in range(CUE_UPDATES)]
    return losses, float(np.mean([right(trainer, *cues(g)) for _ in range(6)])), trainer


def measure() -> Measurement:
    """Learn both tasks on every seed."""
    patterns = on_all_processors(learn_pattern, range(SEEDS))
    learned = on_all_processors(learn_cues, range(SEEDS))
    before = cosines(network(0), *cues(np.random.default_rng(5)))
    after = cosines(learned[0][2], *cues(np.random.default_rng(5)))
    lengths = (100, 1000, 10_000, 100_000)
    sizes = [memory(length) for length in lengths]

    def draw(figure: Figure) -> None:
        wave, loss = figure.subplots(1, 2)
        wave.plot(patterns[0][0], color=INK, label="target")
        wave.plot(patterns[0][1], color="#2f8fd0", label="output")
        wave.set(xlabel="time, ms", ylabel="readout")
        wave.legend()
        for losses, *_ in learned:
            loss.plot(losses, color="#e07020", linewidth=0.9)
        loss.axhline(np.log(2), color=INK, linewidth=0.8, linestyle=":")
        loss.set(xlabel="updates", ylabel="cross-entropy at the recall", ylim=0)

    errors = [error for *_, error in patterns]
    fractions = [fraction for _, fraction, _ in learned]
    return Measurement(
        title="e-prop",
        setting=f"Pattern: 60 LIF neurons, {PATTERN_MS} ms, {PATTERN_UPDATES} updates, Adam from {PATTERN_LR} "
        f"to 0. Cues: 50 ALIF neurons, {CUES} cues of "
        f"{CUE} ms, {DELAY} ms of delay, {RECALL} ms of recall, {CUE_UPDATES} updates of {SAMPLES} fresh samples, tested on 192 "
        f"others. Seeds 0..{SEEDS - 1}.",
        rows=[
            Row(
                "pattern: squared error over that of silence, each seed",
                ", ".join(f"{e:.3f}" for e in errors),
                "at most 0.1",
                max(errors) <= 0.1,
            ),
            Row(
                "cues: answered right, each seed",
                ", ".join(f"{100 * f:.1f} %" for f in fractions),
                "at least 90 %",
                min(fractions) >= 0.9,
            ),
            Row("cosine to BPTT's gradient before learning: input, recurrent", "{:.2f}, {:.2f}".format(*before), "", True),
            Row("the same after learning", "{:.2f}, {:.2f}".format(*after), "", True),
            Row(
                "numbers carried from step to step, T = 10^2 .. 10^5",
                ", ".join(f"{size:,}" for size, _ in sizes),
                "equal",
                len({size for size, _ in sizes}) == 1,
            ),
            Row(
                "peak memory, kB, T = 10^2 .. 10^5",
                ", ".join(f"{peak:.0f}" for _, peak in sizes),
                "within 10 %",
                sizes[-1][1] <= 1.1 * sizes[0][1],
            ),
        ],
        draw=draw,
    )
