"""``sc-hw fit --rtl``: the same samples learned by the chip, in Verilator, and all that it holds compared with the model."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from sc_hw_models.networks import NetworkModel, NetworkSpec, network_model
from sc_hw_models.networks.model import sample_order, schedule

from ..errors import CheckError, UserError
from ..network_folder import network_in_memory
from ..reading import read_npz
from ..sim.network.run import busiest, simulate_network
from .data import Samples
from .run import RTL, FitConfig
from .tasks import task_samples

__all__ = ["check_rtl", "learn_in_chip", "rtl_lines"]


def check_rtl(spec: NetworkSpec, config: FitConfig, samples: Samples, count: int) -> None:
    """Raise ``UserError`` for more samples than the run learns, or for a network of which there is no hardware yet."""
    total = config.passes * len(samples.learned)
    if count > total:
        each = " of each task" if config.tasks > 1 else ""
        raise UserError(
            f"--rtl {count}: allowed are 1..{total}, {config.passes} passes over {len(samples.learned)} samples{each}"
        )
    network_in_memory(spec)


def _shown(config: FitConfig, samples: Samples, octaves: int, count: int) -> dict[str, np.ndarray]:
    """Return the first ``count`` samples of each task of a run in their order, and by how much learning is slowed in each.

    ``ends`` are the numbers of samples after which a task ends that another follows.
    """
    size, found, slower = len(samples.learned), list[np.ndarray](), list[np.ndarray]()
    for done in range(-(-count // size)):
        order = sample_order(size, config.seed, done)
        for stretch, slow in schedule(size, done, config.passes, octaves):
            found.append(order[stretch])
            slower.append(np.full(len(order[stretch]), slow))
    chosen, tasks = np.concatenate(found)[:count], task_samples(samples, config.tasks, config.seed)
    return {
        "pixels": np.concatenate([task.learned[chosen] for task in tasks]),
        "labels": np.concatenate([task.learned_labels[chosen] for task in tasks]),
        "slower": np.tile(np.concatenate(slower)[:count], len(tasks)),
        "ends": np.arange(1, len(tasks)) * count,
    }


def learn_in_chip(
    spec: NetworkSpec,
    config: FitConfig,
    samples: Samples,
    folder: Path,
    *,
    count: int,
    note: Callable[[str], None],
    progress: Callable[[int, int], None],
) -> dict[str, Any]:
    """Let the Verilated chip learn the first ``count`` samples of each task of a run; return what came of it.

    Blocks are compared with the readable model after each sample, and at the end everything with the compiled one that
    learned the same. Errors: ``CheckError`` when these two differ, and as ``simulate_network``.
    """
    shown = _shown(config, samples, spec.sample.octaves, count)
    run = simulate_network(
        network_in_memory(spec), output=folder / RTL, seed=config.seed, data=shown, note=note, progress=progress
    )
    result = {"verdict": "pass" if run.passed else "fail", "seed": run.seed, "tools": run.tools, "run": run.runs[0]}
    if not run.passed:
        return result
    state = read_npz(folder / RTL / "final_state.npz", what="run sc-hw fit again")
    fast, chip = network_model(spec), network_model(spec)
    chip.load(state)
    _learn(fast, shown)
    wrong = [name for name, value in fast.state.items() if not np.array_equal(value, chip.state[name])]
    if wrong:
        raise CheckError(f"the compiled model differs from the chip after {count} samples: {', '.join(wrong)}")
    scores = [chip.score(t.held_out, t.held_out_labels) for t in task_samples(samples, config.tasks, config.seed)]
    return result | {"held_out": scores[-1], "tasks": scores}


def _learn(model: NetworkModel, shown: dict[str, np.ndarray]) -> None:
    ends = set(shown["ends"].tolist())
    changes = sorted(ends | set((np.flatnonzero(np.diff(shown["slower"])) + 1).tolist()))
    for part in np.split(np.arange(len(shown["slower"])), changes):
        if part[0] in ends:
            model.consolidate()
        model.slower = int(shown["slower"][part[0]])
        model.partial_fit(shown["pixels"][part], shown["labels"][part])


def rtl_lines(result: dict[str, Any]) -> list[str]:
    """Return what to say of it."""
    run = result["run"]
    if result["verdict"] != "pass":
        return [f"FAIL chip: {run['mismatch']['text']}"]
    place, work, passes = busiest(run)
    kept = "synapse" if run["tasks_ended"] else "weight"
    return [
        f"PASS chip: {run['learned']:,} samples learned in Verilator, {run['values_compared']:,} values equal, every {kept} and "
        f"random register at the end; held out {' and '.join(f'{100 * score:.2f} %' for score in result['tasks'])}",
        f"  {run['flowing_clocks'] / max(run['flowing_samples'], 1):,.0f} clocks a sample; {place} at work in "
        f"{100 * work / max(passes, 1):.1f} % of the clocks of its passes",
    ]
