"""Verbs as functions: simulate, prove, plant faults, and report.

Keywords are the options of the command, None is an option that is not given. What an option means and its default:
``sc-hw VERB --help``. ``folder`` is a path or what ``emit`` and ``load`` return. Errors of all: those of ``call``.
"""

from collections.abc import Sequence

from .call import Folder, call
from .result import Result

__all__ = ["mutate", "prove", "replay", "report", "selftest", "sim"]


def sim(
    folders: Folder | Sequence[Folder],
    *,
    rule: Folder | None = None,
    steps: int | None = None,
    seed: int | None = None,
    waves: bool = False,
    coverage: bool = False,
    stimulus: Folder | None = None,
    allow_system_tasks: bool = False,
    block: str | None = None,
    json: Folder | None = None,
) -> Result:
    """Compare every state bit of every synapse with the golden model, timestep by timestep, in Verilator under cocotb."""
    return call(
        "sim",
        folders=folders,
        rule=rule,
        steps=steps,
        seed=seed,
        waves=waves,
        coverage=coverage,
        stimulus=stimulus,
        allow_system_tasks=allow_system_tasks,
        block=block,
        json=json,
    )


def prove(
    folder: Folder,
    *,
    rule: Folder | None = None,
    solver: str | Sequence[str] | None = None,
    timeout: int | None = None,
    part: str | Sequence[str] | None = None,
    block: str | None = None,
    json: Folder | None = None,
) -> Result:
    """Prove that the lanes compute the golden model's step and that the engine applies it to every word once."""
    return call("prove", folder=folder, rule=rule, solver=solver, timeout=timeout, part=part, block=block, json=json)


def replay(
    folder: Folder,
    counterexample: Folder | None = None,
    *,
    rule: Folder | None = None,
    block: str | None = None,
    json: Folder | None = None,
) -> Result:
    """Simulate a counterexample of sc-hw prove on the lane, with a waveform."""
    return call("replay", folder=folder, counterexample=counterexample, rule=rule, block=block, json=json)


def selftest(
    folder: Folder,
    *,
    rule: Folder | None = None,
    steps: int | None = None,
    instances: int | None = None,
    seed: int | None = None,
    block: str | None = None,
    json: Folder | None = None,
) -> Result:
    """Plant known bugs in a copy of the core and demand that sc-hw sim catches each."""
    return call("selftest", folder=folder, rule=rule, steps=steps, instances=instances, seed=seed, block=block, json=json)


def mutate(
    folder: Folder,
    *,
    rule: Folder | None = None,
    count: int | None = None,
    seed: int | None = None,
    solver: str | Sequence[str] | None = None,
    timeout: int | None = None,
    block: str | None = None,
    json: Folder | None = None,
) -> Result:
    """Change single bits of the netlist and demand that simulation and proof notice each change that matters."""
    return call(
        "mutate", folder=folder, rule=rule, count=count, seed=seed, solver=solver, timeout=timeout, block=block, json=json
    )


def report(
    folder: Folder,
    *,
    rule: Folder | None = None,
    output: Folder | None = None,
    block: str | None = None,
    json: Folder | None = None,
) -> Result:
    """Join the records of every verb into one table and one self-contained HTML page."""
    return call("report", folder=folder, rule=rule, output=output, block=block, json=json)
