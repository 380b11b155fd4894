"""Mutants of a network: planted, simulated longer and longer, and put to the proof."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from ...faults.instance_faults import InstanceFault, by_turns, instance_faults
from ...faults.instances import Instance, read_instances, without_directives
from ...faults.plant import planted_mutants, planted_network
from ...network_folder import EmittedNetwork
from ...proof.mutants import see_proven
from ...proof.network.prove import prove_network
from ...proof.solver import Solver
from ...sim.network.run import simulate_network
from ...yosys import find_yosys
from ..run import MutationResult
from ..turns import Simulations, judged_in_turns
from .judge import Judge

__all__ = ["mutate_network"]

_ROUNDS = (40, 160, 640)  # samples: each round is of those that survived the one before
_NOTHING = lambda *_: None  # noqa: E731


def mutate_network(
    network: EmittedNetwork,
    *,
    count: int,
    seed: int,
    solvers: Sequence[Solver],
    timeout: int,
    output: Path,
    note: Callable[[str], None] = _NOTHING,
    progress: Callable[[int, int], None] = _NOTHING,
) -> MutationResult:
    """Plant up to ``count`` mutants of bits, as many of registers in a reset and as many at instances, as ``mutate`` of a core.

    Errors: ``CheckError`` when the network without a mutant is not proven or fails in simulation, or Yosys does.
    """
    start = time.monotonic()

    def play(files: Mapping[str, bytes], numbers: Sequence[int], samples: int, own: int) -> tuple[list[str], Mapping[str, str]]:
        result = simulate_network(network, output=output, seed=own, samples=samples, faults=numbers, files=files)
        return [run["mismatch"]["text"].splitlines()[0] if run["mismatch"] else "" for run in result.runs], result.tools

    simulations = Simulations(play=play, seed=seed, steps=_ROUNDS)
    note("proving the network without a mutant")
    see_proven(network.folder, partial(prove_network, network, solvers, timeout=timeout, campaign=False))
    instances = read_instances(network)
    faults = drawn_faults(network, instances, count, seed)
    files, mutants = planted_mutants(network, count, seed)
    judge = Judge(
        network=network,
        netlist=files[f"{network.design.name}_planted.v"].decode(),
        instances=instances,
        solvers=solvers,
        timeout=timeout,
    )
    planted = planted_network(network, (), faults)
    judged = judged_in_turns(simulations, judge, (files, mutants), (planted, faults), note=note, progress=progress)
    return MutationResult(
        core=network.design.name,
        rule="network",
        generator=network.generator,
        synapses=network.design.synapses,
        lanes=network.design.lanes,
        config={},
        edited=network.edited,
        count=count,
        seed=seed,
        rounds=simulations.rounds,
        tools={"yosys": find_yosys()[1]} | {s.name: s.tool.version for s in solvers} | simulations.tools,
        seconds=round(time.monotonic() - start, 3),
        mutants=judged,
    )


def drawn_faults(network: EmittedNetwork, instances: Sequence[Instance], count: int, seed: int) -> list[InstanceFault]:
    """Return up to ``count`` faults at the instances of a network, as many of each kind as can be."""
    texts = {name: without_directives(text) for name, text in network.verilog_text.items()}
    return by_turns(instance_faults(instances, texts), count, seed)
