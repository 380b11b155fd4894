"""Every protocol with every method: what is kept of five tasks, strengths chosen on held-out samples for each pair."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from forgetting_task import held_out
from matplotlib.figure import Figure
from measurement import INK, Measurement, Row, Runs, as_they_end

from sc_hw.train.data import load
from sc_hw.train.run import TrainConfig, tasks
from sc_hw_models.continual.metrics import TransferReport, transfer
from sc_hw_models.continual.trainer import METHODS

PROTOCOLS = ("split-task", "split-domain", "split-class", "permuted-domain")
MADE = ("split-class", "split-domain", "split-task", "permuted-domain")  # in this order: those that tell most, then the longest
PENALTIES = ("ewc", "online_ewc", "si", "mas")
SEEDS, VALIDATION_SEEDS = range(5), range(5, 7)
FURTHER, GAIN = 3, 0.005  # strengths tried beyond either end of a list, while its last is better than the one before by so much
T_95 = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776}  # Student's t: half a 95 % interval of a mean of so many, in standard errors
FIGURES = {
    "average_accuracy": "average accuracy",
    "learned": "when just learned",
    "backward_transfer": "backward transfer",
    "forward_transfer": "forward transfer",
    "forgetting": "forgetting",
}
NAMES = dict(zip(METHODS, ("fine-tuning", "EWC", "online EWC", "SI", "MAS", "LwF", "replay", "joint"), strict=True))
# Average accuracy, %, on all of MNIST in five tasks, 400-400 and 12 times the samples, methods in the order of METHODS (None: not
# there, or remembered in two ways): Hsu et al., "Re-evaluating continual learning scenarios", 2018 (Adam, naive rehearsal,
# offline); van de Ven et al., "Three types of incremental learning", Nature Machine Intelligence 4 (2022), 1185-1197.
PUBLISHED: dict[str, dict[str, tuple[float | None, ...]]] = {
    "Hsu 2018": {
        "split-task": (93.5, None, None, None, 99.2, 99.6, 99.4, 99.5),
        "split-domain": (55.2, 58.9, 57.3, 64.8, 68.6, 71.0, 95.2, 98.6),
        "split-class": (19.7, 19.8, 19.8, 19.7, 19.5, 24.2, 90.8, 97.5),
    },
    "van de Ven 2022": {
        "split-task": (84.3, 99.1, None, 99.2, None, 99.6, 99.0, 99.7),
        "split-domain": (60.1, 63.0, None, 66.9, None, 71.2, 93.8, 98.6),
        "split-class": (19.9, 20.6, None, 21.2, None, 21.9, 88.8, 98.2),
    },
}
LOOKED_UP = {("Hsu 2018", "replay")}  # the others are from memory: no copy of either table could be found
Pair = tuple[str, str]  # a protocol and a method


@dataclass(frozen=True)
class Setting:
    """A data set with the settings of its network, where its runs are kept, and the strengths that are tried."""

    title: str
    runs: Path
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
    Path("build/learning/runs/digits.jsonl"),
    {"data": "digits", "standardise": True, "hidden": (64,), "epochs": 10, "lr": 0.003, "batch": 32, "memory": 40},
)


@dataclass(frozen=True)
class Run:
    """A run, with ``validation`` without the test samples."""

    config: TrainConfig
    validation: bool

    @property
    def settings(self) -> dict[str, Any]:
        """All that it depends on."""
        return {"validation": self.validation, **asdict(self.config)}


def report(run: Run) -> TransferReport:
    """Train a run in memory and return its figures."""
    config = run.config
    data = held_out(load(config.data)) if run.validation else load(config.data)
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
    if len(percent) == 1:
        return f"{percent[0]:.1f}"
    return f"{percent.mean():.1f} ± {T_95[len(percent)] * percent.std(ddof=1) / len(percent) ** 0.5:.1f}"


class Scenarios:
    """Every run of a setting, those that were kept from before; the others where ``make`` is called."""

    def __init__(self, setting: Setting) -> None:
        self.setting, self.kept = setting, Runs(setting.runs)
        self.pairs = list(product(PROTOCOLS, METHODS))
        tried = [run for pair in self.pairs for run in self.tried(pair)]
        self.repeated = next((run for run in tried if self._report(run)), None)

    def make(self) -> None:
        """Make all that is missing: protocol by protocol, first what strengths are chosen by, then seed by seed."""
        for protocol in MADE:
            pairs = [(protocol, method) for method in METHODS]
            while missing := [run for pair in pairs for run in self.tried(pair) if not self._report(run)]:
                self._make(missing)  # what they give may ask for strengths further out
            self._make([self.measured(pair, seed) for seed in SEEDS for pair in pairs])

    def _make(self, runs: Sequence[Run]) -> None:
        missing = [run for run in runs if not self._report(run)]
        for done, (place, figures) in enumerate(as_they_end(report, missing), 1):
            self.kept.add(missing[place].settings, asdict(figures))
            print(f"  {missing[place].config.protocol}: {done} of {len(missing)} runs", file=sys.stderr, flush=True)

    def strengths(self, pair: Pair) -> list[float]:
        """Return the strengths to choose from: those listed, and ten times beyond an end while it clearly is the best."""
        found = list(self.setting.strengths.get(pair[1], (0.0,)))
        for end, inner, factor in ((-1, -2, 10.0), (0, 1, 0.1)):
            for _ in range(FURTHER if len(found) > 1 else 0):
                scores = [self._score(pair, strength) for strength in found]
                if None in scores or scores[end] < max(scores) or scores[end] < scores[inner] + GAIN:
                    break
                found.insert(len(found) if end else 0, float(f"{found[end] * factor:.3g}"))
        return found

    def _score(self, pair: Pair, strength: float) -> float | None:
        """Return the average accuracy with a strength on held-out samples, if all its runs are there."""
        found = [report for run in self._runs(pair, strength) if (report := self._report(run))]
        return float(np.mean([r.average_accuracy for r in found])) if len(found) == len(VALIDATION_SEEDS) else None

    def _runs(self, pair: Pair, strength: float) -> list[Run]:
        return [self._run(pair, strength, seed, True) for seed in VALIDATION_SEEDS]

    def tried(self, pair: Pair) -> list[Run]:
        """Return the runs that choose the strength of a pair, strength by strength; none where there is no choice."""
        strengths = self.strengths(pair)
        return [run for strength in strengths for run in self._runs(pair, strength)] if len(strengths) > 1 else []

    def chosen(self, pair: Pair) -> float | None:
        """Return the strength chosen for a pair, if all runs that choose it are there."""
        strengths = self.strengths(pair)
        scores = [self._score(pair, strength) for strength in strengths] if len(strengths) > 1 else [0.0]
        if None in scores:
            return None
        return strengths[int(np.argmax(scores))]

    def measured(self, pair: Pair, seed: int) -> Run:
        """Return the run that measures a pair with the strength chosen for it."""
        strength = self.chosen(pair)
        if strength is None:
            raise ValueError(f"{pair}: the strength is not chosen yet")
        return self._run(pair, strength, seed, False)

    def reports(self, pair: Pair) -> list[TransferReport]:
        """Return the figures of a pair, a seed each, of those that are there."""
        if self.chosen(pair) is None:
            return []
        return [report for seed in SEEDS if (report := self._report(self.measured(pair, seed)))]

    def missing(self) -> Iterator[str]:
        """Yield a line for each pair that has not all its seeds."""
        for pair in self.pairs:
            there = len(self.reports(pair))
            if self.chosen(pair) is None:
                yield f"{pair[0]}, {NAMES[pair[1]]}: all seeds, and the choice of the strength"
            elif there < len(SEEDS):
                yield f"{pair[0]}, {NAMES[pair[1]]}: {len(SEEDS) - there} of {len(SEEDS)} seeds"

    def again(self) -> float:
        """Make the first run that was kept once more; return by how much its average accuracy is another."""
        before = self.repeated and self._report(self.repeated)
        if not (self.repeated and before):
            raise ValueError("no run was kept")
        return report(self.repeated).average_accuracy - before.average_accuracy

    def _run(self, pair: Pair, strength: float, seed: int, validation: bool) -> Run:
        protocol, method = pair
        options = self.setting.options | {"protocol": protocol, "method": method, "strength": strength, "seed": seed}
        return Run(TrainConfig(**options), validation)

    def _report(self, run: Run) -> TransferReport | None:
        figures = self.kept.find(run.settings)
        return TransferReport(**figures) if figures else None


def table(found: Scenarios, protocol: str) -> list[str]:
    """Return the lines of a protocol's table."""
    lines = [f"### {protocol}", ""]
    if protocol == "split-task":
        lines += ["The network is told at test time which task a sample is of; no figure here can be set beside those below.", ""]
    lines += [
        f"| method | strength | {' | '.join([*FIGURES.values(), *PUBLISHED])} |",
        "|---" + "|---:" * (1 + len(FIGURES) + len(PUBLISHED)) + "|",
    ]
    for place, method in enumerate(METHODS):
        pair = protocol, method
        reports, chosen = found.reports(pair), found.chosen(pair)
        columns = [interval([getattr(r, name) for r in reports]) if reports else "missing" for name in FIGURES]
        strength = f"{chosen:g}" if method in found.setting.strengths and chosen is not None else ""
        for source, own in PUBLISHED.items():
            figure = own[protocol][place] if protocol in own else None
            remembered = figure is not None and (source, method) not in LOOKED_UP
            columns.append("" if figure is None else f"({figure})" if remembered else str(figure))
        lines.append(f"| {NAMES[method]} | {strength} | {' | '.join(columns)} |")
    return [*lines, ""]


def measure(setting: Setting = DIGITS, *, only_kept: bool = False) -> Measurement:
    """Choose every strength, then train every protocol, method and seed with it; ``only_kept``: train nothing."""
    found = Scenarios(setting)
    if not only_kept:
        found.make()
    mean = {
        pair: 100 * float(np.mean([r.average_accuracy for r in reports]))
        for pair in found.pairs
        if (reports := found.reports(pair))
    }
    rows = []
    for protocol in PROTOCOLS:
        if any(len(found.reports((protocol, method))) < len(SEEDS) for method in METHODS):
            continue
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
    if found.repeated and not only_kept:
        apart = 100 * abs(found.again())
        rows.append(Row("a run that was kept, made again: accuracies apart", f"{apart:.2f} %", "at most 1 %", apart <= 1))
    missing = list(found.missing())
    if missing:
        rows.append(Row("runs that are missing, listed below", f"{len(missing)} pairs", "none", False))
    details = [
        "",
        "## All figures",
        "",
        "In percent, mean over five seeds ± half a 95 % interval. The last columns are average accuracies published for",
        "all of MNIST and another network, 400-400: Hsu et al., <https://arxiv.org/abs/1810.12488>, and van de Ven et al.,",
        "Nature Machine Intelligence 4 (2022), 1185-1197, <https://www.ncbi.nlm.nih.gov/pmc/articles/PMC9771807/>, results on",
        "split MNIST. Those of replay by Hsu are its fourth version's, *naive rehearsal*; figures in brackets are from memory,",
        "and not to be quoted on before they are looked up.",
        "",
    ]
    details += [line for protocol in PROTOCOLS for line in table(found, protocol)]
    if missing:
        details += ["## Missing", "", "Nothing is estimated for these; the same command makes them.", ""]
        details += [*(f"- {line}" for line in missing), ""]

    def draw(figure: Figure) -> None:
        for panel, protocol in zip(figure.subplots(1, 4, sharey=True), PROTOCOLS, strict=True):
            colours = [INK if method in ("none", "joint") else "#2f8fd0" for method in METHODS]
            panel.bar(range(len(METHODS)), [mean.get((protocol, method), 0) for method in METHODS], color=colours)
            panel.set_xticks(range(len(METHODS)), list(NAMES.values()), rotation=90)
            panel.set(title=protocol, ylim=(0, 100))
        figure.axes[0].set_ylabel("average test accuracy, %")

    return Measurement(
        title="three scenarios, eight methods",
        setting=f"{setting.title}; five tasks, two classes each where they are shared out, replay of "
        f"{setting.options['memory']} samples a task. Seeds {SEEDS.start}..{SEEDS.stop - 1}; strengths chosen for each protocol "
        f"and method on seeds {VALIDATION_SEEDS.start}..{VALIDATION_SEEDS.stop - 1}, a quarter of the training samples held out, "
        "beyond the listed ones as long as the last is better than the one before by half a percent. "
        "Scenarios as in van de Ven et al. 2022.",
        rows=rows,
        draw=draw,
        details=details,
    )
