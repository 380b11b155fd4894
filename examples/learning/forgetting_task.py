"""Five tasks, one after another, on real data: what a network forgets without protection, with EWC, with SI."""

import numpy as np
from matplotlib.figure import Figure
from measurement import INK, Measurement, Row, on_all_processors

from sc_hw.train.data import load
from sc_hw.train.run import TrainConfig, tasks

SEEDS = 5
COLOURS = {"none": INK, "ewc": "#2f8fd0", "si": "#e07020"}
PROTOCOLS = {
    "split MNIST-5k": (
        {"data": "mnist5k", "protocol": "split", "hidden": (256, 256), "epochs": 30},
        {"none": (0.0, "at most 90 %"), "ewc": (1e6, "at least 97 %"), "si": (1.0, "at least 95 %")},
    ),
    "permuted digits": (
        {
            "data": "digits",
            "standardise": True,
            "protocol": "permuted",
            "damping": 0.1,
            "optimiser": "sgd",
            "lr": 0.1,
            "batch": 16,
            "epochs": 20,
        },
        {"none": (0.0, "at most 55 %"), "ewc": (10.0, "at least 73 %"), "si": (0.1, "at least 73 %")},
    ),
}


def accuracies(config: TrainConfig) -> list[float]:
    """Return the mean test accuracy, in percent, over the tasks seen, after each task."""
    data = load(config.data).standardised() if config.standardise else load(config.data)
    trainer, parts, course = config.trainer(data), tasks(config, data), []
    for number, part in enumerate(parts):
        for _ in range(config.epochs):
            trainer.train_epoch(part.train, part.train_labels)
        trainer.finish_task(part.train, part.train_labels)
        course.append(
            100 * float(np.mean([trainer.accuracy(k, p.test, p.test_labels) for k, p in enumerate(parts[: number + 1])]))
        )
    return course


def measure() -> Measurement:
    """Train every protocol, method and seed."""
    courses: dict[str, dict[str, np.ndarray]] = {}
    rows = []
    for name, (settings, methods) in PROTOCOLS.items():
        courses[name] = {}
        for method, (strength, wanted) in methods.items():
            configs = [TrainConfig(method=method, strength=strength, seed=seed, **settings) for seed in range(SEEDS)]
            runs = courses[name][method] = np.array(on_all_processors(accuracies, configs))
            ends, limit = runs[:, -1], float(wanted.split()[2])
            mean = float(ends.mean())
            rows.append(Row(f"{name}, {method}, strength {strength:g}: mean (lowest, highest seed)",
                            f"{mean:.1f} % ({ends.min():.1f}, {ends.max():.1f})", wanted,
                            mean <= limit if wanted.startswith("at most") else mean >= limit))  # fmt: skip

    def draw(figure: Figure) -> None:
        for panel, (name, methods) in zip(figure.subplots(1, 2, sharey=True), courses.items(), strict=True):
            for method, runs in methods.items():
                seen = range(1, runs.shape[1] + 1)
                panel.fill_between(seen, runs.min(axis=0), runs.max(axis=0), color=COLOURS[method], alpha=0.25, linewidth=0)
                panel.plot(seen, runs.mean(axis=0), "o-", color=COLOURS[method], label=method)
            panel.set(title=name, xlabel="tasks learned", ylabel="mean test accuracy, %")
        panel.legend()

    return Measurement(
        title="learning five tasks in a row",
        setting=f"Seeds 0..{SEEDS - 1}. Split MNIST-5k: two digits a task, an output layer a task, 784-256-256-2, Adam at 0.001, "
        "batches of 64, 30 epochs a task. Permuted digits: standardised pixels in another order each task, one output layer, "
        "64-64-10, SGD at 0.1, batches of 16, 20 epochs a task. Test accuracy over all five tasks at the end.",
        rows=rows,
        draw=draw,
    )
