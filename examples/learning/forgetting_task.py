"""Five tasks, one after another, on real data: what a network forgets without protection, with EWC, with SI."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from measurement import INK, Measurement, Row, on_all_processors

from sc_hw.train.data import Data, load
from sc_hw.train.run import TrainConfig, tasks

SEEDS, VALIDATION_SEEDS = range(5), range(5, 7)
COLOURS = {"none": INK, "ewc": "#2f8fd0", "si": "#e07020"}
MOST, LEAST = "at most", "at least"


@dataclass(frozen=True)
class Protocol:
    """Settings of the training, the bar of each method in percent, and the strengths that are tried on held-out samples."""

    settings: dict[str, Any]
    bars: dict[str, tuple[str, float]]
    strengths: dict[str, tuple[float, ...]]


PROTOCOLS = {
    "split MNIST-5k": Protocol(
        {"data": "mnist5k", "protocol": "split-task", "hidden": (256, 256), "epochs": 30},
        {"none": (MOST, 90), "ewc": (LEAST, 97), "si": (LEAST, 95)},
        {"ewc": (1e5, 1e6, 1e7), "si": (0.1, 1.0, 10.0)},
    ),
    "permuted digits": Protocol(
        {
            "data": "digits",
            "standardise": True,
            "protocol": "permuted-domain",
            "damping": 0.1,
            "optimiser": "sgd",
            "lr": 0.1,
            "batch": 16,
            "epochs": 20,
        },
        {"none": (MOST, 55), "ewc": (LEAST, 73), "si": (LEAST, 73)},
        {"ewc": (1.0, 3.0, 10.0, 30.0), "si": (0.03, 0.1, 0.3, 1.0)},
    ),
}


def held_out(data: Data) -> Data:
    """Return the training samples alone: the last quarter of them to be judged by, the others to train on."""
    kept = len(data.train) * 3 // 4
    return Data(data.train[:kept], data.train_labels[:kept], data.train[kept:], data.train_labels[kept:])


def accuracies(config: TrainConfig, *, validation: bool = False) -> list[float]:
    """Return the mean accuracy in percent over the tasks seen, after each task; with ``validation`` without the test samples."""
    data = held_out(load(config.data)) if validation else load(config.data)
    data = data.standardised() if config.standardise else data
    trainer, parts, course = config.trainer(data), tasks(config, data), []
    for number, part in enumerate(parts):
        for _ in range(config.epochs):
            trainer.train_epoch(part.train, part.train_labels)
        trainer.finish_task(part.train, part.train_labels)
        course.append(
            100 * float(np.mean([trainer.accuracy(k, p.test, p.test_labels) for k, p in enumerate(parts[: number + 1])]))
        )
    return course


def courses(protocol: Protocol, method: str, strength: float, seeds: Sequence[int], *, validation: bool = False) -> np.ndarray:
    """Return the accuracies of every seed, ``(seeds, tasks)``."""
    configs = [TrainConfig(method=method, strength=strength, seed=seed, **protocol.settings) for seed in seeds]
    return np.array(on_all_processors(partial(accuracies, validation=validation), configs))


def measure() -> Measurement:
    """Choose the strengths, then train every protocol, method and seed with them."""
    runs: dict[str, dict[str, np.ndarray]] = {}
    rows = []
    details = [
        "## Choosing the strengths",
        "",
        f"Chosen on other seeds ({VALIDATION_SEEDS.start}..{VALIDATION_SEEDS.stop - 1}) and without the test samples: "
        "the first three quarters of the training",
        "samples train, the last quarter judges. Taken is the strength with the highest mean accuracy over all five tasks",
        "at the end.",
        "",
    ]
    for name, protocol in PROTOCOLS.items():
        chosen = {"none": 0.0}
        for method, strengths in protocol.strengths.items():
            tried = [courses(protocol, method, s, VALIDATION_SEEDS, validation=True)[:, -1].mean() for s in strengths]
            chosen[method] = strengths[int(np.argmax(tried))]
            details += [
                f"| {name}, {method}: strength | " + " | ".join(f"{s:g}" for s in strengths) + " |",
                "|---" + "|---:" * len(tried) + "|",
                "| held-out samples, % | " + " | ".join(f"{t:.1f}" for t in tried) + " |",
                "",
            ]
        runs[name] = {method: courses(protocol, method, strength, SEEDS) for method, strength in chosen.items()}
        for method, (side, bar) in protocol.bars.items():
            ends = runs[name][method][:, -1]
            met = bool(ends.mean() <= bar if side == MOST else ends.mean() >= bar)
            rows.append(
                Row(
                    f"{name}, {method}, strength {chosen[method]:g}: mean (lowest, highest seed)",
                    f"{ends.mean():.1f} % ({ends.min():.1f}, {ends.max():.1f})",
                    f"{side} {bar:g} %",
                    met,
                )
            )

    def draw(figure: Figure) -> None:
        for panel, (name, methods) in zip(figure.subplots(1, 2, sharey=True), runs.items(), strict=True):
            for method, values in methods.items():
                seen = range(1, values.shape[1] + 1)
                panel.fill_between(seen, values.min(axis=0), values.max(axis=0), color=COLOURS[method], alpha=0.25, linewidth=0)
                panel.plot(seen, values.mean(axis=0), "o-", color=COLOURS[method], label=method)
            panel.set(title=name, xlabel="tasks learned", ylabel="mean test accuracy, %")
        panel.legend()

    return Measurement(
        title="learning five tasks in a row",
        setting=f"Seeds {SEEDS.start}..{SEEDS.stop - 1}. Split MNIST-5k: two digits a task, an output layer a task, "
        "784-256-256-2, Adam at 0.001, batches of 64, 30 epochs a task, SI's damping 0.001. Permuted digits: standardised "
        "pixels in another order each task, one output layer, 64-64-10, SGD at 0.1, batches of 16, 20 epochs a task, SI's "
        "damping 0.1. Test accuracy over all five tasks at the end.",
        rows=rows,
        draw=draw,
        details=details,
    )
