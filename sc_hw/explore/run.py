"""The run: tasks that are not in the store go to the workers, and each result into the store as it comes."""

import statistics
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import BrokenExecutor, Executor, as_completed
from typing import Any

from ..errors import CheckError, UserError
from ..rtl.design import CoreDesign
from .measure import Task, measure, tools_of
from .store import Store
from .sweep import Point, Sweep, design_of

__all__ = ["Runner", "row_of"]

Progress = Callable[[int, int], None]  # how many are done, of how many


def _learning(sweep: Sweep, point: Point) -> Task:
    return Task(kind="learning", arguments={"rule": sweep.rule.name, "config": point.core["config"], "stimuli": sweep.stimuli})


def _counts(point: Point) -> Task:
    return Task(kind="counts", arguments={"core": point.core, "target": point.target})


def _clocks(sweep: Sweep, point: Point) -> list[Task]:
    seeds = range(1, sweep.seeds + 1) if sweep.pnr else ()
    return [Task(kind="clocks", arguments={"core": point.core, "target": point.target, "seed": seed}) for seed in seeds]


class Runner:
    """Does the tasks of a sweep.

    ``done`` counts those it did, ``failures`` holds why a task has no result, by its key, ``tools`` the versions of all tools.
    """

    def __init__(self, sweep: Sweep, store: Store) -> None:
        self._sweep, self._store = sweep, store
        self.done = 0
        self.failures: dict[str, str] = {}
        self.tools: dict[str, str] = {}

    def run(self, executor: Executor, progress: Progress) -> None:
        """Measure every point; place and route those that fit their device, once that is known.

        A task that a tool refuses is noted and the sweep goes on; the next run tries it again.
        Errors: ``UserError`` for a worker with other tools, ``CheckError`` when a worker dies.
        """
        sweep = self._sweep
        first = _by_key(task for point in sweep.points for task in (_learning(sweep, point), _counts(point)))
        later = len(_by_key(task for point in sweep.points for task in _clocks(sweep, point)))
        self._do(executor, first, lambda done: progress(done, len(first) + later))
        second = _by_key(task for point in sweep.points if self._fits(point) for task in _clocks(sweep, point))
        self._do(executor, second, lambda done: progress(len(first) + done, len(first) + len(second)))

    def _fits(self, point: Point) -> bool:
        outcome = self._store.get(_counts(point))
        return bool(outcome and outcome["result"]["fits"])

    def _do(self, executor: Executor, tasks: Mapping[str, Task], progress: Callable[[int], None]) -> None:
        """Do those of ``tasks`` that the store does not have."""
        for task in tasks.values():
            self.tools |= tools_of(task.kind, task.arguments)
        todo = [task for task in tasks.values() if not self._store.get(task)]
        progress(len(tasks) - len(todo))
        futures = {executor.submit(measure, task.kind, task.arguments): task for task in todo}
        for count, future in enumerate(as_completed(futures), start=1):
            task = futures[future]
            try:
                outcome = future.result()
            except BrokenExecutor as error:
                raise CheckError(f"explore: a worker died ({error}); repeat the command with --resume") from error
            except (UserError, CheckError) as error:
                self.failures[task.key] = str(error).splitlines()[-1]
            else:
                self._keep(task, outcome)
            progress(len(tasks) - len(todo) + count)

    def _keep(self, task: Task, outcome: dict[str, Any]) -> None:
        here = tools_of(task.kind, task.arguments)
        other = [
            f"{name} {outcome['tools'].get(name)} instead of {here[name]}"
            for name in here
            if outcome["tools"].get(name) != here[name]
        ]
        if other:
            raise UserError(
                f"a worker has {', '.join(other)}; install the same versions everywhere, and change none while it runs"
            )
        self._store.add(task, outcome)
        self.done += 1


def _by_key(tasks: Iterable[Task]) -> dict[str, Task]:
    return {task.key: task for task in tasks}


def row_of(sweep: Sweep, point: Point, store: Store, failures: Mapping[str, str]) -> dict[str, Any]:
    """Return all that is known of a point by column; what was not measured, or failed, is ``None``.

    ``learning_error`` is the rms error of what the rule gives out first (a weight, say) as far as its figures have one.
    """
    design = design_of(point.core)
    learning, counts, clocks = _learning(sweep, point), _counts(point), _clocks(sweep, point)
    failed = [failures[task.key] for task in (learning, counts, *clocks) if task.key in failures]
    figures, cost, runs = (_results(store, tasks) for tasks in ([learning], [counts], clocks))
    updates = design.synapses / design.timestep_clocks
    row = {
        **{name: value for name, value in point.core.items() if name != "config"},
        "preset": point.preset,
        "target": point.target,
        **point.core["config"],
        "state_bits": design.spec.state_bits,
        "latency": design.spec.latency,
        "updates_per_clock": updates,
    }
    if figures:
        if (error := _rms(figures[0], design)) is not None:
            row["learning_error"] = error
        row |= {f"error_{name}": value for name, value in figures[0].items()}
    if cost:
        row |= {f"synth_{name}": float(value) for name, value in cost[0]["resources"].items()} | {"fits": cost[0]["fits"]}
        failed += cost[0]["failures"]
    routed = [run["mhz"] for run in runs if not run["error"]]
    if routed:
        median = statistics.median_low(routed)
        row |= {
            "route_mhz_minimum": min(routed),
            "route_mhz_median": median,
            "route_mhz_maximum": max(routed),
            "updates_per_second": updates * median * 1e6,
        }
    return row | {"failure": "; ".join([*failed, *(run["error"] for run in runs if run["error"])])}


def _rms(figures: Mapping[str, float], design: CoreDesign) -> float | None:
    """Return the rms error of what the rule gives out first, else the first rms error that it has figures of, if any."""
    first = [f"{f.name}_rms" for f in design.spec.outputs]
    return next((figures[name] for name in (*first, *(n for n in figures if n.endswith("_rms"))) if name in figures), None)


def _results(store: Store, tasks: Iterable[Task]) -> list[dict[str, Any]]:
    return [outcome["result"] for task in tasks if (outcome := store.get(task))]
