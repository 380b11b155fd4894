"""Mutants of a network: planted, simulated longer and longer, and put to the proof."""

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from os import cpu_count
from pathlib import Path

from ..errors import CheckError
from ..instance_faults import InstanceFault, by_turns, instance_faults
from ..instances import Instance, read_instances, without_directives
from ..mutate import MutationResult, as_judged, simulated_longer
from ..network_folder import EmittedNetwork
from ..network_proof.prove import prove_network
from ..network_sim.run import simulate_network
from ..plant import as_mutants, planted_mutants, planted_network
from ..proof.mutants import see_proven
from ..proof.solver import Solver
from ..yosys import find_yosys
from .judge import Judge

__all__ = ["mutate_network"]

_ROUNDS = (40, 160, 640)  # samples: each round is of those that survived the one before
_NOTHING = lambda *_: None  # noqa: E731


class _Simulations:
    """The simulations of one run; ``rounds`` and ``tools`` are filled as they run."""

    def __init__(self, network: EmittedNetwork, seed: int, output: Path) -> None:
        self._network, self._seed, self._output = network, seed, output
        self.rounds: list[dict[str, int]] = []
        self.tools: dict[str, str] = {}

    def differences(
        self, files: Mapping[str, bytes], numbers: Sequence[int], turn: int, alone: Sequence[int] = ()
    ) -> dict[int, str]:
        """Return the first difference of each, empty for those that survive; ``alone`` have a process of their own."""
        samples, seed = _ROUNDS[turn], self._seed + turn
        several = [number for number in numbers if number not in alone]
        first, *texts, last = self._texts(files, [0, *several, 0], samples, seed)
        if first or last:
            raise CheckError(f"the netlist without a mutant differs from the model: {first or last}")
        found = dict(zip(several, texts, strict=True)) | {n: self._texts(files, [n], samples, seed)[0] for n in alone}
        survived = sum(not text for text in found.values())
        self.rounds.append({"steps": samples, "seed": seed, "mutants": len(found), "survived": survived})
        return found

    def _texts(self, files: Mapping[str, bytes], numbers: Sequence[int], samples: int, seed: int) -> list[str]:
        result = simulate_network(self._network, output=self._output, seed=seed, samples=samples, faults=numbers, files=files)
        self.tools.update(result.tools)
        return [run["mismatch"]["text"].splitlines()[0] if run["mismatch"] else "" for run in result.runs]


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
    start, simulations = time.monotonic(), _Simulations(network, seed, output)
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
    total, counter = len(mutants) + len(faults), itertools.count(1)

    def judged(number: int, ask: Callable[..., tuple[str, str]], killed: bool) -> tuple[int, tuple[str, str]]:
        verdict = ask(killed=killed)
        progress(next(counter), total)
        return number, verdict

    note(f"simulating {len(mutants)} mutants")
    differences = simulations.differences(files, [m.number for m in mutants], 0)
    with ThreadPoolExecutor(cpu_count()) as pool:
        asked = [pool.submit(judged, m.number, partial(judge.mutant, m), bool(differences[m.number])) for m in mutants]
        proofs = dict(one.result() for one in asked)
    differences |= simulated_longer(partial(simulations.differences, files), len(_ROUNDS), differences, proofs)

    planted = planted_network(network, (), faults)
    numbered = dict(enumerate(faults, 1))
    note(f"simulating {len(faults)} faults at instances")
    seen = simulations.differences(planted, list(numbered), 0, [n for n, f in numbered.items() if f.initial])
    with ThreadPoolExecutor(cpu_count()) as pool:
        asked = [pool.submit(judged, n, partial(judge.fault, f), bool(seen[n])) for n, f in numbered.items()]
        shown = dict(one.result() for one in asked)
    left = {n: text for n, text in seen.items() if not numbered[n].rare and not numbered[n].initial}
    seen |= simulated_longer(partial(simulations.differences, planted), len(_ROUNDS), left, shown)
    differences |= {n + len(mutants): text for n, text in seen.items()}
    proofs |= {n + len(mutants): verdict for n, verdict in shown.items()}
    mutants += as_mutants(faults, 1 + len(mutants))
    return MutationResult(
        core=network.design.name,
        rule="network",
        generator=str(network.manifest.get("generator", "verilog")),
        synapses=network.design.synapses,
        lanes=network.design.lanes,
        config={},
        edited=network.edited,
        count=count,
        seed=seed,
        rounds=simulations.rounds,
        tools={"yosys": find_yosys()[1]} | {s.name: s.tool.version for s in solvers} | simulations.tools,
        seconds=round(time.monotonic() - start, 3),
        mutants=as_judged(mutants, differences, proofs),
    )


def drawn_faults(network: EmittedNetwork, instances: Sequence[Instance], count: int, seed: int) -> list[InstanceFault]:
    """Return up to ``count`` faults at the instances of a network, as many of each kind as can be."""
    texts = {name: without_directives(text) for name, text in network.verilog_text.items()}
    return by_turns(instance_faults(instances, texts), count, seed)
