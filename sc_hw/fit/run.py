"""A run of ``sc-hw fit``: passes over the samples with a checkpoint after each, and the files it ends in."""

import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from sc_hw_models.networks import NetworkModel, NetworkSpec
from sc_hw_models.rule import ConfigError

from .. import __version__
from ..errors import UserError
from ..folder import npz_bytes, replace_file, write_folder
from ..network_file import weights_bytes
from ..reading import read_npz, reading
from .curves import curves_svg
from .data import Samples
from .tasks import task_samples

__all__ = ["CHECKPOINT", "CURVES", "RECORD", "RTL", "STATE", "FitConfig", "fit", "listed_files"]

RECORD, CHECKPOINT, CURVES, STATE = "fit.json", "checkpoint.npz", "curves.svg", "state.npz"
RTL = "rtl"  # folder of what --rtl leaves
_CHIP = ("sim.log", "outcome.json", "plan.json", "results.xml", "stimulus.npz", "final_state.npz")
_STRAY = re.compile(r"\.(fit\.json|(checkpoint|state)\.npz|curves\.svg)\.[0-9a-f]{16}")  # what a kill leaves of a file


@dataclass(frozen=True, kw_only=True)
class FitConfig:
    """What a run depends on beside the network; two runs with equal ones on equal data write the same bytes."""

    data: str = "digits"
    passes: int = 10
    held_out: int | None = None
    seed: int = 1
    tasks: int = 1


@dataclass
class _Row:
    """What is measured after a pass: parts of all samples. ``learned`` is of decisions made just before a sample was learned.

    ``held_out`` is of the task that is learned, ``tasks`` of each so far.
    """

    samples: int
    slower: int
    learned: float
    held_out: float
    tasks: list[float]


def fit(
    model: NetworkModel,
    config: FitConfig,
    samples: Samples,
    folder: Path,
    *,
    resume: bool,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Let a fresh model learn in ``folder``, from its checkpoint if ``resume``; write and return the record.

    Tasks follow each other, each as many passes; between two of them the model is told that one has ended.
    """
    spec = model.spec
    rows: list[_Row] = []
    identity = json.dumps(asdict(config) | {"network": description(spec), "sha256": _digest(samples)}, sort_keys=True)

    def checkpoint() -> bytes:
        kept = {"identity": np.array(identity), "curves": np.array(json.dumps([asdict(row) for row in rows]))}
        return npz_bytes({f"state.{name}": value for name, value in model.state.items()} | kept)

    if resume:
        rows = _restore(folder, identity, model)
    else:
        write_folder(folder, {CHECKPOINT: checkpoint()})  # from its first moment a folder that can be resumed
    count, tasks = len(samples.learned), task_samples(samples, config.tasks, config.seed)
    for done in range(len(rows), config.tasks * config.passes):
        start, (task, number) = done * count, divmod(done, config.passes)
        if task and not number:
            model.consolidate()
        right = model.fit_pass(
            tasks[task].learned,
            tasks[task].learned_labels,
            done=number,
            passes=config.passes,
            seed=config.seed,
            progress=lambda n, start=start: progress(start + n, config.tasks * config.passes * count),  # type: ignore[misc]
        )
        scores = [model.score(one.held_out, one.held_out_labels) for one in tasks[: task + 1]]
        rows.append(_Row(start + count, model.slower, right / count, scores[-1], scores))
        replace_file(folder / CHECKPOINT, checkpoint())
    record = {
        "schema": "sc-hw/fitted/1",
        "verb": "fit",
        "verdict": "pass",
        "config": asdict(config),
        "network": description(spec),
        "data_sha256": _digest(samples),
        "tools": {"sc-hw": __version__, "numpy": np.__version__},
        "learned_samples": count,
        "held_out_samples": len(samples.held_out),
        "curves": [asdict(row) for row in rows],
        "accuracy": rows[-1].held_out,
        "state_sha256": state_digest(model),
    }
    replace_file(folder / STATE, npz_bytes(model.state))
    replace_file(folder / CURVES, curves_svg(record))
    replace_file(folder / RECORD, (json.dumps(record, indent=2) + "\n").encode())
    return record


def description(spec: NetworkSpec) -> dict[str, Any]:
    """Return a network as plain tables: what was read, and what was left at its default."""
    return {
        "seed": spec.seed,
        **({"weights_sha256": hashlib.sha256(weights_bytes(spec)).hexdigest()} if spec.weights else {}),
        "populations": {
            p.name: {"size": p.size, "kind": type(p.neuron).__name__, **asdict(p.neuron)} for p in spec.populations.values()
        },
        "projections": {
            p.name: {"from": p.source, "to": p.target, "delay": p.delay, "kind": type(p.synapses).__name__, **vars(p.synapses)}
            for p in spec.projections.values()
        },
        "sample": asdict(spec.sample),
    }


def state_digest(model: NetworkModel) -> str:
    """Return a digest of everything that a network holds: what hardware that learned the same must hold too."""
    digest = hashlib.sha256()
    for name, value in sorted(model.state.items()):
        array = np.asarray(value)
        digest.update(f"{name} {array.shape}\n".encode() + array.astype("<i8" if array.dtype.kind == "i" else "<u8").tobytes())
    return digest.hexdigest()


def listed_files(folder: Path) -> list[str]:
    """Return the files of a folder that ``fit`` wrote, finished or not. Errors: ``UserError`` when it is none."""
    what = "sc-hw fit writes one"
    state = read_npz(folder / CHECKPOINT, what=what, fault="no checkpoint of sc-hw fit")
    if not {"identity", "curves"} <= state.keys():
        raise UserError(f"{folder / CHECKPOINT}: no checkpoint of sc-hw fit; {what}")
    return [RECORD, CHECKPOINT, CURVES, STATE, *filter(_STRAY.fullmatch, os.listdir(folder)), *_chip(folder)]


def _chip(folder: Path) -> list[str]:
    """Return the files that a simulation of the chip left."""
    inside = folder / RTL
    return [f"{RTL}/{name}" for name in _CHIP if not inside.is_symlink() and (inside / name).is_file()]


def _restore(folder: Path, identity: str, model: NetworkModel) -> list[_Row]:
    """Put the model where the checkpoint left it and return the curves so far."""
    path, what = folder / CHECKPOINT, "start anew with --force"
    state = read_npz(path, option="--resume:", what=what, fault="cannot be read")
    with reading(path, option="--resume:", what=what, fault="cannot be read"):
        kept, rows = str(state.pop("identity")), msgspec.json.decode(str(state.pop("curves")), type=list[_Row])
        before = msgspec.json.decode(kept, type=dict[str, Any])
        if kept == identity:
            try:
                model.load({name.removeprefix("state."): value for name, value in state.items()})
            except ConfigError as error:
                raise ValueError(str(error)) from error
            for stray in filter(_STRAY.fullmatch, os.listdir(folder)):
                (folder / stray).unlink()
            return rows
        differs = [name for name, value in json.loads(identity).items() if before.get(name) != value]
    raise UserError(f"--resume: {path} was written with another {', '.join(differs)}; give the same, or --force to start anew")


def _digest(samples: Samples) -> str:
    digest = hashlib.sha256()
    for array in samples.arrays:
        digest.update(f"{array.shape}".encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
