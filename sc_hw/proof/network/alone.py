"""The proof of one block of a network: its structure, its statements, memories and lanes, as the proof of the whole has them."""

import dataclasses
import time
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path

from sc_hw_models.scratch import temporary_folder

from ...network_folder import EmittedNetwork
from ...rtl.networks.projection import ProjectionBlock
from ...toolchain import sby
from ...yosys import find_yosys
from ..alone import wired
from ..docket import Docket
from ..induction import Inquiry
from ..result import Obligation, ProofResult
from ..solver import Solver
from ..structure import is_sound, structure_of
from .ledger import network_ledger_record
from .prove import original, prove_block, prove_kept, prove_lanes

__all__ = ["prove_network_block"]


def prove_network_block(
    network: EmittedNetwork,
    place: str,
    solvers: Sequence[Solver],
    *,
    timeout: float = 60.0,
    traces: Path | None = None,
    progress: Callable[[Obligation], None] = lambda _o: None,
) -> ProofResult:
    """Prove that the block at a place of a network keeps its contract, or find where it does not.

    What it assumes of others, ``assumptions`` of the result, is for the proof of the whole. Errors: as ``prove_network``.
    """
    design, start = network.design, time.monotonic()
    block, counterexample = design.blocks[place], None
    obligations: list[Obligation] = []

    def add(obligation: Obligation) -> None:
        obligations.append(obligation)
        progress(obligation)

    for obligation in structure_of(network, lambda: original(network)):
        add(obligation)
    if is_sound(obligations):
        with temporary_folder() as scratch:
            if isinstance(block, ProjectionBlock):
                lanes = f"synapses_{block.projection}/"
                docket = Docket(
                    solvers=solvers, timeout=timeout, progress=lambda o: add(dataclasses.replace(o, name=lanes + o.name))
                )
                counterexample = prove_lanes(network, block.projection, docket)
            inquiry = Inquiry(
                core=network, solvers=solvers, timeout=timeout, folder=scratch / place, traces=traces, brief=5 * timeout
            )
            for obligation in chain(prove_kept(inquiry, design, place), prove_block(inquiry, design, place)):
                add(obligation)
    return ProofResult(
        core=block.name,
        rule="network",
        config={},
        generator=network.generator,
        edited=network.edited,
        tools={"yosys": find_yosys()[1], **{solver.name: solver.tool.version for solver in solvers}, "sby": sby().version},
        obligations=obligations,
        counterexample=counterexample,
        seconds=round(time.monotonic() - start, 3),
        assumptions=[*(one for one in network_ledger_record(design) if one["of"] == place), wired(place)],
    )
