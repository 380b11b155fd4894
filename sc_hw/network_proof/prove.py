"""The proof of a network: its structure, its memories, its lanes, each block by itself, and the wires between them."""

import dataclasses
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sc_hw_models.scratch import temporary_folder

from ..errors import UserError
from ..manifest import Core
from ..network_folder import Network
from ..proof.circuit import read_circuit
from ..proof.docket import Docket
from ..proof.induction import Inquiry
from ..proof.prove import prove_lane
from ..proof.result import PARTS, Counterexample, Obligation, ProofResult, verdict_of
from ..proof.solver import Solver
from ..proof.structure import Original, is_sound, structure_of
from ..rtl.contents import without_contents
from ..rtl.design import CoreDesign
from ..rtl.networks.block import NetworkBlock
from ..rtl.networks.files import network_files
from ..rtl.networks.projection import ProjectionBlock
from ..rtl.verilog import lane_files
from ..toolchain import sby
from ..yosys import find_yosys
from .blocks import question_of
from .campaign import NetworkCampaign
from .fits import fits
from .ledger import check_network_ledger, network_ledger_record
from .memories import memory_statements, prove_block_memories
from .question import block_task
from .wiring import WIRING, wiring_task

__all__ = ["lane_core", "network_obligations", "prove_network", "simulated_only"]

_SIMULATED = {
    "progress": "a sample that was taken comes to its end: no block waits for ever for another",
    "host": "an access of the host falls between two samples, wherever it comes",
    "whole": "the steps of the blocks, one after another, are those of the golden model's sample",
}


def simulated_only(network: Network) -> dict[str, str]:
    """Return what of a network no obligation shows, by name: the campaign of ``sc-hw sim`` compares it on random samples."""
    blocks = {place: block.purpose for place, block in network.design.blocks.items() if question_of(block) is None}
    return _SIMULATED | blocks


def network_obligations(network: Network) -> list[str]:
    """Return the names of the obligations that a proof of everything must have proven, but for those about lanes."""
    names = ["structure", "defined", *WIRING]
    for place, block in network.design.blocks.items():
        question = question_of(block)
        names += [f"{place}/{name}" for name in [*memory_statements(block), *(question.statements if question else ())]]
        names += [f"{place}/{name}" for name, _, _ in fits(network.design, block)]
    return names


def lane_core(network: Network, block: ProjectionBlock) -> Core | None:
    """Return the lane of a projection that learns as a core without an engine, which the proof of lanes reads."""
    design = block.core
    if not isinstance(design, CoreDesign):
        return None
    files = list(lane_files(design))
    manifest = {
        "modules": {"core": block.name, "lane": f"{design.name}_lane", "datapath": f"{design.name}_datapath"},
        "verilog": files,
        "generator": network.manifest.get("generator", "verilog"),
    }
    texts = {name: network.texts[name] for name in files}
    return Core(folder=network.folder, manifest=manifest, design=design, edited=(), digest=network.digest, texts=texts)


def prove_network(
    network: Network,
    solvers: Sequence[Solver],
    *,
    timeout: float = 60.0,
    parts: Collection[str] = PARTS,
    campaign: bool = True,
    traces: Path | None = None,
    progress: Callable[[Obligation], None] = lambda _o: None,
) -> ProofResult:
    """Prove that each block of a network keeps its contract and that they are joined as the graph says, or find where not.

    As ``prove`` of a core: of ``parts`` the datapaths and lanes are those of projections that learn, the engine is everything
    else. ``simulated_only`` is what is not shown. Errors: ``UserError`` for sources that cannot be read.
    """
    if not solvers:
        raise UserError("nothing to prove with: give at least one solver")
    start = time.monotonic()
    tools = {"yosys": find_yosys()[1], **{solver.name: solver.tool.version for solver in solvers}}
    if "engine" in parts:
        tools["sby"] = sby().version
    obligations: list[Obligation] = []

    def add(obligation: Obligation) -> None:
        obligations.append(obligation)
        progress(obligation)

    for obligation in structure_of(network, lambda: _original(network)):
        add(obligation)
    counterexample = None
    if is_sound(obligations):
        with temporary_folder() as scratch:
            run = _Run(
                network=network,
                solvers=solvers,
                timeout=timeout,
                parts=parts,
                folder=scratch,
                traces=traces,
                campaign=NetworkCampaign(network=network, output=(traces or scratch) / "campaign") if campaign else None,
            )
            counterexample = run.all(add)
        if set(parts) == set(PARTS):
            wanted = [*network_obligations(network), *(["campaign"] if campaign else [])]
            add(check_network_ledger(network.design, obligations, wanted))
    return ProofResult(
        core=network.design.name,
        rule="network",
        config={},
        generator=str(network.manifest.get("generator", "verilog")),
        edited=network.edited,
        tools=tools,
        obligations=obligations,
        counterexample=counterexample,
        seconds=round(time.monotonic() - start, 3),
        assumptions=network_ledger_record(network.design),
    )


def _original(network: Network) -> Original:
    design = network.design
    learning = [block for block in design.projections.values() if block.core]
    return Original(
        texts={name: without_contents(text) for name, text in network_files(design).items()},
        followed={f"{block.name}_datapath" for block in learning},
    )


@dataclass(frozen=True, kw_only=True)
class _Run:
    """The proof of a network whose structure is as it must be."""

    network: Network
    solvers: Sequence[Solver]
    timeout: float
    parts: Collection[str]
    folder: Path
    traces: Path | None
    campaign: NetworkCampaign | None

    def all(self, add: Callable[[Obligation], None]) -> Counterexample | None:
        """Decide everything; what runs finds a difference sooner than solvers do, so it comes first."""
        found: list[Obligation] = []

        def keep(obligation: Obligation) -> None:
            found.append(obligation)
            add(obligation)

        if self.campaign and "engine" in self.parts:
            keep(self.campaign.obligation())
        counterexample = None
        for place, block in self.network.design.projections.items():
            if verdict_of(found) != "refuted":
                counterexample = counterexample or self._lane(f"synapses_{place}", block, keep)
        for obligation in self._around() if "engine" in self.parts else ():
            keep(obligation)
        return counterexample

    def _lane(self, place: str, block: ProjectionBlock, add: Callable[[Obligation], None]) -> Counterexample | None:
        core, parts = lane_core(self.network, block), set(self.parts) & {"datapath", "lane"}
        if core is None or not parts:
            return None

        def named(obligation: Obligation) -> None:
            add(dataclasses.replace(obligation, name=f"{place}/{obligation.name}"))

        docket = Docket(solvers=self.solvers, timeout=self.timeout, progress=named)
        return prove_lane(core, docket, parts, partial(read_circuit, core), engine=False)

    def _around(self) -> Iterator[Obligation]:
        """Yield what is proven of wires, memories and blocks."""
        design = self.network.design
        inquiry = self._inquiry("wiring")
        task = wiring_task(design, inquiry.sources)
        yield from inquiry.decide("wiring", task, task, WIRING)
        for place, block in design.blocks.items():
            inquiry = self._inquiry(place)
            yield from (
                Obligation(
                    name=f"{place}/{name}", statement=text, verdict="refuted" if wrong else "proven", answers=[], note=wrong
                )
                for name, text, wrong in fits(design, block)
            )
            for obligation in (*prove_block_memories(inquiry, block), *self._block(inquiry, block)):
                yield dataclasses.replace(obligation, name=f"{place}/{obligation.name}")

    @staticmethod
    def _block(inquiry: Inquiry, block: NetworkBlock) -> Iterator[Obligation]:
        """Yield what is proven of a block."""
        if question := question_of(block):
            inside, visible = (block_task(block, question, inquiry.sources, inside=inside) for inside in (True, False))
            yield from inquiry.decide(block.name, inside, visible, question.statements)

    def _inquiry(self, name: str) -> Inquiry:
        return Inquiry(
            core=self.network,
            solvers=self.solvers,
            timeout=self.timeout,
            folder=self.folder / name,
            traces=self.traces,
            campaign=self.campaign,
        )
