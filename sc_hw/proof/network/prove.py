"""The proof of a network: its structure, its memories, its lanes, each block by itself, and the wires between them."""

import dataclasses
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

from sc_hw_models.scratch import temporary_folder

from ...errors import UserError
from ...manifest import Core
from ...network_folder import EmittedNetwork
from ...rtl.contents import without_contents
from ...rtl.design import CoreDesign
from ...rtl.names import lane_names
from ...rtl.networks.design import NetworkDesign
from ...rtl.networks.files import network_files
from ...rtl.networks.projection import ProjectionBlock
from ...toolchain import sby
from ...yosys import find_yosys
from ..circuit import read_circuit
from ..docket import Docket
from ..induction import Inquiry
from ..prove import prove_lane
from ..result import PARTS, Counterexample, Obligation, ProofResult
from ..solver import Solver
from ..structure import Original, is_sound, structure_of
from .blocks import question_of
from .campaign import NetworkCampaign
from .chance import chance_statements, prove_chance
from .fits import fits
from .ledger import check_network_ledger, network_ledger_record
from .memories import memory_statements, prove_block_memories
from .question import block_task
from .wiring import WIRING, wiring_task

__all__ = [
    "check_covered",
    "lane_core",
    "network_obligations",
    "original",
    "prove_block",
    "prove_kept",
    "prove_lanes",
    "prove_network",
    "prove_wiring",
    "simulated_only",
]

_SIMULATED = {
    "progress": "a sample that was taken comes to its end: no block waits for ever for another",
    "host": "an access of the host falls between two samples, wherever it comes",
    "whole": "the steps of the blocks, one after another, are those of the golden model's sample",
}


def simulated_only(network: EmittedNetwork) -> dict[str, str]:
    """Return what of a network no obligation shows, by name: the campaign of ``sc-hw sim`` compares it on random samples."""
    found, pixels = dict(_SIMULATED), network.design.pixels
    if pixels.pool > 1:
        found["squares"] = "the activity of an input is the rounded sum of all pixels of its square"
    if network.design.learning:
        found["slopes"] = "slopes and errors that meet are of one sample"
    return found


def check_covered(design: NetworkDesign) -> None:
    """Raise ``UserError`` for a network with a block that the harnesses do not describe yet."""
    for name, block in design.projections.items():
        if block.every_row:
            raise UserError(
                f'[projection.{name}] consolidation="pull": the proof of networks does not know lists of every row yet; '
                "allowed are the other kinds; sc-hw sim compares this one with its model"
            )


def network_obligations(network: EmittedNetwork) -> list[str]:
    """Return the names of the obligations that a proof of everything must have proven, but for those about lanes."""
    names = ["structure", "defined", *WIRING]
    for place, block in network.design.blocks.items():
        names += [
            f"{place}/{name}" for name in (*memory_statements(block), *chance_statements(block), *question_of(block).statements)
        ]
        names += [f"{place}/{name}" for name, _, _ in fits(network.design, block)]
    return names


def lane_core(network: EmittedNetwork, block: ProjectionBlock) -> Core | None:
    """Return the lane of a projection that learns as a core without an engine, which the proof of lanes reads."""
    design = block.core
    if not isinstance(design, CoreDesign):
        return None
    files = lane_names(design, network.generator)
    manifest = {
        "modules": {"core": block.name, "lane": f"{design.name}_lane", "datapath": f"{design.name}_datapath"},
        "verilog": files,
        "generator": network.generator,
    }
    texts = {name: network.texts[name] for name in files}
    return Core(folder=network.folder, manifest=manifest, design=design, edited=(), digest=network.digest, texts=texts)


def prove_network(
    network: EmittedNetwork,
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
    check_covered(network.design)
    start = time.monotonic()
    tools = {"yosys": find_yosys()[1], **{solver.name: solver.tool.version for solver in solvers}}
    if "engine" in parts:
        tools["sby"] = sby().version
    obligations: list[Obligation] = []

    def add(obligation: Obligation) -> None:
        obligations.append(obligation)
        progress(obligation)

    for obligation in structure_of(network, lambda: original(network)):
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
        generator=network.generator,
        edited=network.edited,
        tools=tools,
        obligations=obligations,
        counterexample=counterexample,
        seconds=round(time.monotonic() - start, 3),
        assumptions=network_ledger_record(network.design),
    )


def original(network: EmittedNetwork) -> Original:
    """Return the Verilog of a network as it is emitted, and the modules whose registers the proof of lanes follows itself."""
    design = network.design
    learning = [block for block in design.projections.values() if block.core]
    return Original(
        texts={name: without_contents(text) for name, text in network_files(design, network.generator).items()},
        followed={f"{block.name}_datapath" for block in learning},
    )


def prove_wiring(inquiry: Inquiry[EmittedNetwork], design: NetworkDesign) -> Iterator[Obligation]:
    """Yield what is proven of the wires between blocks."""
    task = wiring_task(design, inquiry.sources)
    yield from inquiry.decide("wiring", task, task, WIRING)


def prove_block(inquiry: Inquiry[EmittedNetwork], design: NetworkDesign, place: str) -> Iterator[Obligation]:
    """Yield what is proven of the block at a place around its memories: names begin with the place."""
    block, question = design.blocks[place], question_of(design.blocks[place])
    inside, visible = (block_task(block, question, inquiry.sources, inside=inside) for inside in (True, False))
    for obligation in inquiry.decide(block.name, inside, visible, question.statements):
        yield dataclasses.replace(obligation, name=f"{place}/{obligation.name}")


def prove_kept(inquiry: Inquiry[EmittedNetwork], design: NetworkDesign, place: str) -> Iterator[Obligation]:
    """Yield what is proven of the widths, memories and random register of the block at a place."""
    block = design.blocks[place]
    found = [
        Obligation(name=name, statement=text, verdict="refuted" if wrong else "proven", answers=[], note=wrong)
        for name, text, wrong in fits(design, block)
    ]
    for obligation in (*found, *prove_block_memories(inquiry, block), *prove_chance(inquiry, block)):
        yield dataclasses.replace(obligation, name=f"{place}/{obligation.name}")


def prove_lanes(network: EmittedNetwork, name: str, docket: Docket, parts: Collection[str] = PARTS) -> Counterexample | None:
    """Prove the lanes of a projection, if it learns; return a counterexample where there is one."""
    core, parts = lane_core(network, network.design.projections[name]), set(parts) & {"datapath", "lane"}
    if core is None or not parts:
        return None
    return prove_lane(core, docket, parts, partial(read_circuit, core), engine=False)


@dataclass(frozen=True, kw_only=True)
class _Run:
    """The proof of a network whose structure is as it must be."""

    network: EmittedNetwork
    solvers: Sequence[Solver]
    timeout: float
    parts: Collection[str]
    folder: Path
    traces: Path | None
    campaign: NetworkCampaign | None

    def all(self, add: Callable[[Obligation], None]) -> Counterexample | None:
        """Decide everything, the campaign first: of a network of which samples show a difference nothing else is asked."""
        design, engine = self.network.design, "engine" in self.parts
        if self.campaign and engine:
            campaign = self.campaign.obligation()
            add(campaign)
            if campaign.verdict == "refuted":
                return None
        counterexample = None
        for name in design.projections:
            docket = Docket(solvers=self.solvers, timeout=self.timeout, progress=_named(f"synapses_{name}/", add))
            counterexample = counterexample or prove_lanes(self.network, name, docket, self.parts)
        if not engine:
            return counterexample
        for obligation in prove_wiring(self._inquiry("wiring"), design):
            add(obligation)
        for place in design.blocks:
            inquiry = self._inquiry(place)
            for obligation in chain(prove_kept(inquiry, design, place), prove_block(inquiry, design, place)):
                add(obligation)
        return counterexample

    def _inquiry(self, name: str) -> Inquiry[EmittedNetwork]:
        return Inquiry(
            core=self.network,
            solvers=self.solvers,
            timeout=self.timeout,
            folder=self.folder / name,
            traces=self.traces,
            campaign=self.campaign,
            brief=5 * self.timeout,  # the campaign has passed: there is little to search for
        )


def _named(prefix: str, add: Callable[[Obligation], None]) -> Callable[[Obligation], None]:
    return lambda obligation: add(dataclasses.replace(obligation, name=prefix + obligation.name))
