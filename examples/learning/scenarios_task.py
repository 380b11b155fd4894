"""Every protocol with every method: what is kept of five tasks, strengths chosen on held-out samples for each pair."""

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

import numpy as np
from forgetting_task import held_out
from matplotlib.figure import Figure
from measurement import INK, Measurement, Row, kept, on_all_processors

from sc_hw.train.data import load
from sc_hw.train.run import TrainConfig, tasks
from sc_hw_models.continual.metrics import TransferReport, transfer
from sc_hw_models.continual.trainer import METHODS

PROTOCOLS = ("split-task", "split-domain", "split-class", "permuted-domain")
PENALTIES = ("ewc", "online_ewc", "si", "mas")
SEEDS, VALIDATION_SEEDS = range(5), range(5, 7)
T_95 = 2.776  # Student's t, four degrees of freedom: half a 95 % interval of a mean of five, in standard errors
FIGURES = {
    "average_accuracy": "average accuracy",
    "learned": "when just learned",
    "backward_transfer": "backward transfer",
    "forward_transfer": "forward transfer",
    "forgetting": "forgetting",
}
NAMES = dict(zip(METHODS, ("fine-tuning", "EWC", "online EWC", "SI", "MAS", "LwF", "replay", "joint"), strict=True))
# Average accuracy, %, on all of MNIST in five tasks, 400-400 and 12 times the samples, methods in the order of METHODS (None: not
# there), quoted from memory: Hsu et al., "Re-evaluating continual learning scenarios", 2018, table 2 (Adam, naive rehearsal,
# offline); van de Ven et al., "Three types of incremental learning", Nature Machine Intelligence 4 (2022), split MNIST.
PUBLISHED: dict[str, dict[str, tuple[float | None, ...]]] = {
    "Hsu 2018": {
        "split-task": (93.5, 97.7, 98.0, 98.6, 99.2, 99.6, 99.4, 99.5),
        "split-domain": (55.2, 58.9, 57.3, 64.8, 68.6, 71.0, 95.2, 98.6),
        "split-class": (19.7, 19.8, 19.8, 19.7, 19.5, 24.2, 90.8, 97.5),
    },
    "van de Ven 2022": {
        "split-task": (84.3, 99.1, None, 99.2, None, 99.6, 99.0, 99.7),
        "split-domain": (60.1, 63.0, None, 66.9, None, 71.2, 93.8, 98.6),
        "split-class": (19.9, 20.6, None, 21.2, None, 21.9, 88.8, 98.2),
    },
}
Runs = dict[tuple[str, str], list[TransferReport]]


@dataclass(frozen=True)
class Setting:
    """A data set with the settings of its network, and the strengths that are tried."""

    title: str
    options: dict[str, Any]
    strengths: dict[str, tuple[float, ...]] = field(
        default_factory=lambda: {
            "ewc": (1.0, 10.0, 1e2, 1e3, 1e4),
            "online_ewc": (1.0, 10.0, 1e2, 1e3, 1e4),
            "si": (0.01, 0.1, 1.0, 10.0),
            "mas": (0.001, 0.01, 0.1, 1.0),
            "lwf": (0.1, 0.3, 1.0, 3.0),
        }
    )


DIGITS = Setting(
    "scikit-learn's digits, standardised, 64-64, 10 epochs a task, Adam at 0.003, batches of 32",
    {"data": "digits", "standardise": True, "hidden": (64,), "epochs": 10, "lr": 0.003, "batch": 32, "memory": 40},
)


def report(config: TrainConfig, *, validation: bool = False) -> TransferReport:
    """Train a run in memory and return its figures, with ``validation`` without the test samples; one that was made is kept."""
    return TransferReport(**kept(f"{config} {validation}", lambda: asdict(_report(config, validation=validation))))


def _report(config: TrainConfig, *, validation: bool) -> TransferReport:
    data = held_out(load(config.data)) if validation else load(config.data)
    data = data.standardised() if config.standardise else data
    trainer, parts = config.trainer(data), tasks(config, data)
    untrained = [trainer.accuracy(k, p.test, p.test_labels) for k, p in enumerate(parts)]
    matrix = []
    for part in parts:
        for _ in range(config.epochs):
            trainer.train_epoch(part.train, part.train_labels)
        matrix.append([trainer.accuracy(k, p.test, p.test_labels) for k, p in enumerate(parts)])
        trainer.finish_task(part.train, part.train_labels)
    return transfer(np.array(matrix), np.array(untrained))


def interval(values: Sequence[float]) -> str:
    """Return mean and half of a 95 % interval, in percent."""
    percent = 100 * np.array(values)
    return f"{percent.mean():.1f} ± {T_95 * percent.std(ddof=1) / len(percent) ** 0.5:.1f}"


def chosen_and_run(setting: Setting) -> tuple[dict[tuple[str, str], float], Runs]:
    """Return the strength chosen for each protocol and method, and the figures of all seeds with it."""
    chosen: dict[tuple[str, str], float] = {}
    runs: Runs = {}
    for protocol in PROTOCOLS:
        for method in METHODS:
            print(f"  {protocol}, {NAMES[method]}", file=sys.stderr, flush=True)
            make = partial(TrainConfig, protocol=protocol, method=method, **setting.options)
            strengths = setting.strengths.get(method, (0.0,))
            if len(strengths) > 1:
                configs = [make(strength=s, seed=seed) for s in strengths for seed in VALIDATION_SEEDS]
                found = on_all_processors(partial(report, validation=True), configs)
                tried = np.array([r.average_accuracy for r in found]).reshape(len(strengths), -1).mean(axis=1)
                strengths = (strengths[int(tried.argmax())],)
            chosen[protocol, method] = strengths[0]
            runs[protocol, method] = on_all_processors(report, [make(strength=strengths[0], seed=seed) for seed in SEEDS])
    return chosen, runs


def table(setting: Setting, protocol: str, chosen: dict[tuple[str, str], float], runs: Runs) -> list[str]:
    """Return the lines of a protocol's table."""
    lines = [f"### {protocol}", ""]
    if protocol == "split-task":
        lines += ["The network is told at test time which task a sample is of; no figure here can be set beside those below.", ""]
    lines += [
        f"| method | strength | {' | '.join([*FIGURES.values(), *PUBLISHED])} |",
        "|---" + "|---:" * (1 + len(FIGURES) + len(PUBLISHED)) + "|",
    ]
    for place, method in enumerate(METHODS):
        columns = [interval([getattr(r, name) for r in runs[protocol, method]]) for name in FIGURES]
        strength = f"{chosen[protocol, method]:g}" if method in setting.strengths else ""
        figures = [own[protocol][place] if protocol in own else None for own in PUBLISHED.values()]
        columns += ["" if figure is None else str(figure) for figure in figures]
        lines.append(f"| {NAMES[method]} | {strength} | {' | '.join(columns)} |")
    return [*lines, ""]


def measure(setting: Setting = DIGITS) -> Measurement:
    """Choose every strength, then train every protocol, method and seed with it."""
    chosen, runs = chosen_and_run(setting)
    mean = {key: 100 * float(np.mean([r.average_accuracy for r in reports])) for key, reports in runs.items()}
    rows = []
    for protocol in PROTOCOLS:
        best = max(PENALTIES, key=lambda method: mean[protocol, method])
        penalty, plain, replay, joint = (mean[protocol, method] for method in (best, "none", "replay", "joint"))
        rows.append(
            Row(
                f"{protocol}: the best penalty, {NAMES[best]}; fine-tuning",
                f"{penalty:.1f} %, {plain:.1f} %",
                "the first is more",
                penalty > plain,
            )
        )
        rows.append(
            Row(f"{protocol}: replay, joint", f"{replay:.1f} %, {joint:.1f} %", "the second at most 1 % less", joint > replay - 1)
        )
        if protocol in ("split-domain", "split-class"):
            rows.append(
                Row(f"{protocol}: replay over the best penalty", f"{replay - penalty:+.1f} %", "more than 0", replay > penalty)
            )
    details = [
        "",
        "## All figures",
        "",
        "In percent, mean over five seeds ± half a 95 % interval. The last columns are average accuracies published for",
        "all of MNIST and another network, 400-400: Hsu et al. 2018, table 2, van de Ven et al. 2022; quoted from memory.",
        "",
    ]
    details += [line for protocol in PROTOCOLS for line in table(setting, protocol, chosen, runs)]

    def draw(figure: Figure) -> None:
        for panel, protocol in zip(figure.subplots(1, 4, sharey=True), PROTOCOLS, strict=True):
            colours = [INK if method in ("none", "joint") else "#2f8fd0" for method in METHODS]
            panel.bar(range(len(METHODS)), [mean[protocol, method] for method in METHODS], color=colours)
            panel.set_xticks(range(len(METHODS)), list(NAMES.values()), rotation=90)
            panel.set(title=protocol, ylim=(0, 100))
        figure.axes[0].set_ylabel("average test accuracy, %")

    return Measurement(
        title="three scenarios, eight methods",
        setting=f"{setting.title}; five tasks, two classes each where they are shared out, replay of "
        f"{setting.options['memory']} samples a task. Seeds {SEEDS.start}..{SEEDS.stop - 1}; strengths chosen for each protocol "
        f"and method on seeds {VALIDATION_SEEDS.start}..{VALIDATION_SEEDS.stop - 1}, a quarter of the training samples held out. "
        "Scenarios as in van de Ven et al. 2022.",
        rows=rows,
        draw=draw,
        details=details,
    )
