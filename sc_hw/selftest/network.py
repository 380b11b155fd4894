"""The verb ``selftest`` on a network: every known bug of its blocks planted, and a table of what noticed it."""

import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from ..errors import CheckError
from ..faults.plant import planted_network
from ..network_folder import EmittedNetwork
from ..partial import fewer
from ..progress import note, progress
from ..run import begin_network
from ..sim.network.run import simulate_network
from ..sim.simulate import simulation_tools
from .command import show
from .run import Outcome, passes

__all__ = ["ENOUGH", "network_selftest", "network_selftest_command"]

ENOUGH = 120  # samples after which a fault shows


def network_selftest(
    network: EmittedNetwork,
    *,
    samples: int,
    seed: int,
    output: Path,
    note: Callable[[str], None] = lambda _text: None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Outcome]:
    """Simulate the network with each fault of its blocks in turn, and without any, and return what was caught.

    One build holds all faults. A run of the same netlist without a fault must pass, once more after all others.
    """
    everything = network.design.faults()
    planted = [fault for fault in everything if fault.cuts]
    numbers = [*range(1 + len(planted)), 0]
    result = simulate_network(
        network,
        output=output,
        seed=seed,
        samples=samples,
        faults=numbers,
        files=planted_network(network, planted),
        note=note,
        progress=progress,
    )
    texts = [run["mismatch"]["text"].splitlines()[0] if run["mismatch"] else "" for run in result.runs]
    if texts[-1] and not texts[0]:
        raise CheckError(f"the netlist without a fault differs from the model after those with one: {texts[-1]}")
    outcomes = [
        Outcome(
            fault="(none)",
            description="the same netlist without a fault",
            verdict="fails" if texts[0] else "passes",
            evidence=texts[0] or f"{result.runs[0]['values_compared']:,} values equal",
        )
    ]
    outcomes += [
        Outcome(fault=fault.name, description=fault.description, verdict="caught" if text else "missed", evidence=text)
        for fault, text in zip(planted, texts[1:-1], strict=True)
    ]
    outcomes += [
        Outcome(fault=fault.name, description=fault.description, verdict="not applicable", evidence=fault.reason)
        for fault in everything
        if not fault.cuts
    ]
    return outcomes


def network_selftest_command(folder: Path, *, samples: int | None, seed: int, json_path: Path | None, console: Console) -> int:
    """Return 0 when the network passes without a fault and every fault is caught, else 1."""
    with begin_network("selftest", folder) as run:
        network, started = run.core, time.perf_counter()
        samples = samples or ENOUGH
        with progress("faults", 1) as advance:
            outcomes = network_selftest(network, samples=samples, seed=seed, output=run.files, note=note, progress=advance)
        passed, partial = passes(outcomes), fewer(samples, ENOUGH, "samples a fault")
        run.publish(
            [
                {
                    "verb": "selftest",
                    "verdict": "pass" if passed else "fail",
                    "seed": seed,
                    "samples": samples,
                    "seconds": time.perf_counter() - started,
                    "tools": simulation_tools(),
                    "faults": [outcome.to_dict() for outcome in outcomes],
                }
            ],
            json_path,
            partial=partial,
        )
    show(outcomes, network.design.name, seed, partial, console)
    return 0 if passed else 1
