"""The verb ``selftest``: every known bug planted, and a table of what noticed it."""

import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ..blocks.place import placed, refuse_network, within
from ..blocks.selftest import selftest_block
from ..network_folder import is_network
from ..partial import INSTANCES, STEPS, fewer, joined
from ..progress import note, progress
from ..run import begin
from ..sim.simulate import simulation_tools
from .run import Outcome, counted, enough_timesteps, passes, selftest

__all__ = ["selftest_command", "show"]


def selftest_command(
    folder: Path, *, steps: int | None, seed: int, instances: int, json_path: Path | None, console: Console, block: str = ""
) -> int:
    """Return 0 when the core, or a ``block`` inside, passes without a fault and every fault is caught or invisible, else 1."""
    if block:
        refuse_network(folder, block, "selftest")
    if is_network(folder):
        from .network import network_selftest_command

        return network_selftest_command(folder, samples=steps, seed=seed, json_path=json_path, console=console)
    with begin("selftest", folder, within=within(block) if block else lambda _core: "") as run:
        core, started = run.core, time.perf_counter()
        one = placed(core, block) if block else None
        name, enough = (one.block.name, STEPS) if one else (core.design.name, enough_timesteps(core))
        steps = steps or enough
        if one:
            outcomes = selftest_block(one, steps=steps, seed=seed, instances=instances, output=run.files, note=note)
        else:
            with progress("faults", 1) as advance:
                outcomes = selftest(
                    core, steps=steps, seed=seed, output=run.files, note=note, progress=advance, instances=instances, parts=True
                )
        passed = passes(outcomes)
        partial = joined(fewer(steps, enough, "timesteps a fault"), fewer(instances, INSTANCES, "faults at instances"))
        run.publish(
            [
                {
                    "verb": "selftest",
                    "verdict": "pass" if passed else "fail",
                    "seed": seed,
                    "steps": steps,
                    "instances": instances,
                    "seconds": time.perf_counter() - started,
                    "tools": simulation_tools(),
                    "faults": [outcome.to_dict() for outcome in outcomes],
                    **(one.named if one else {}),
                }
            ],
            json_path,
            partial=partial,
        )
    show(outcomes, name, seed, partial, console)
    return 0 if passed else 1


def show(outcomes: Sequence[Outcome], name: str, seed: int, partial: str, console: Console) -> None:
    """Print what noticed each fault, those that nothing noticed once more, and the verdict."""
    table = Table("fault", "verdict", "first difference", title=f"selftest of {name}, seed {seed}")
    for outcome in outcomes:
        table.add_row(f"{outcome.fault}: {outcome.description}", outcome.verdict, outcome.evidence)
    console.print(table)
    for outcome in outcomes:
        if outcome.verdict in ("missed", "missing"):
            console.print(
                f"{outcome.verdict.upper()} {outcome.fault}: {outcome.evidence or outcome.description}",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )
    console.print(
        f"{'PASS' if passes(outcomes) else 'FAIL'}: {counted([o.to_dict() for o in outcomes])}{'; ' * bool(partial)}{partial}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
