"""The proof: the lanes compute the rule's ``step`` for every state, input and noise word; the engine applies it."""

import dataclasses
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sc_hw_models.checked import check_function
from sc_hw_models.scratch import temporary_folder

from ..errors import UserError
from ..manifest import Core
from ..toolchain import sby
from ..yosys import find_yosys
from .campaign import Campaign
from .circuit import Circuit, read_circuit
from .datapath import DatapathProof
from .docket import Docket
from .engine import cover_engine, prove_engine
from .graph import cover_graph, prove_graph
from .induction import Inquiry
from .lane import OUTSIDE_THE_LANE, LaneProof
from .ledger import check_ledger, ledger_record
from .parts import prove_parts, prove_rest
from .question import Update, model_terms
from .result import PARTS, Counterexample, Obligation, ProofResult
from .run import find_run
from .solver import Solver
from .structure import check_structure, is_sound

__all__ = ["prove", "prove_lane"]


def prove(
    core: Core,
    solvers: Sequence[Solver],
    *,
    timeout: float = 60.0,
    parts: Collection[str] = PARTS,
    covers: bool = True,
    structure: bool = True,
    traces: Path | None = None,
    circuit: Callable[[str], Circuit] | None = None,
    progress: Callable[[Obligation], None] = lambda _o: None,
) -> ProofResult:
    """Prove that a core's lanes compute its rule's step and that its engine applies it once, or find where they do not.

    Each obligation is proven when every one of ``solvers`` agrees within ``timeout`` seconds; ``parts`` of ``PARTS``
    are proven, with ``covers`` that show that the engine's statements are not vacuous and a campaign that finds what
    is wrong sooner than solvers do. ``structure`` is proven first: where it is not as it must be, nothing else is asked.
    ``circuit`` gives what ``read_circuit`` does, when that has been read; ``progress`` is called with each obligation as it
    is decided. Waveforms go into the folder ``traces``, if there is one. Of a layer or a crossbar, its cores are proven, and
    what joins them; once its campaign finds a difference, only the lanes of its cores are asked about, for a counterexample.
    Errors: ``UserError`` for sources that cannot be read, ``StepError`` for a step that is no function.
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

    for obligation in check_structure(core) if structure else ():
        add(obligation)
    counterexample = None
    if is_sound(obligations):
        with temporary_folder() as scratch:
            campaign = Campaign(core=core, output=(traces or scratch) / "campaign") if covers else None
            run = _Run(
                solvers=solvers,
                timeout=timeout,
                parts=parts,
                covers=covers,
                circuit=circuit,
                folder=scratch,
                traces=traces,
                campaign=campaign,
            )
            # A layer or a crossbar has many questions; whether it runs at all is found sooner than which of them is at fault.
            first = bool(campaign and core.parts and "engine" in parts)
            if campaign and first:
                add(campaign.obligation())
            # What differs in simulation may be a lane; that is told apart in seconds, and can be replayed.
            counterexample = run.lanes(core, add) if _refuted(obligations) else run.whole(core, "", add)
            # What is proven of an engine must happen, too; and whoever does not know may still learn that it is wrong.
            asked = "engine" in parts or any(o.verdict == "unknown" for o in obligations)
            if campaign and asked and not first and not _refuted(obligations):
                add(campaign.obligation())
        for design in [core.design, *(part.design for part in core.parts)] if structure else ():
            check_function(design.rule.step, design.config, seed=1)  # all that was proven is of what it was at first
        if structure and set(parts) == set(PARTS):
            add(check_ledger(core.design, obligations, covers=covers))
    return ProofResult(
        core=core.design.name,
        rule=core.design.rule.name,
        config=dataclasses.asdict(core.design.config),
        generator=core.manifest["generator"],
        edited=core.edited,
        tools=tools,
        obligations=obligations,
        counterexample=counterexample,
        seconds=round(time.monotonic() - start, 3),
        assumptions=ledger_record(core.design),
    )


def _refuted(obligations: Sequence[Obligation]) -> bool:
    return any(obligation.verdict == "refuted" for obligation in obligations)


@dataclass(frozen=True, kw_only=True)
class _Run:
    """The proof of a folder whose structure is as it must be."""

    solvers: Sequence[Solver]
    timeout: float
    parts: Collection[str]
    covers: bool
    circuit: Callable[[str], Circuit] | None
    folder: Path
    traces: Path | None
    campaign: Campaign | None

    def whole(self, core: Core, prefix: str, add: Callable[[Obligation], None]) -> Counterexample | None:
        """Prove a core, or a layer or crossbar and its parts, whose obligations are named with a ``prefix``."""

        def named(obligation: Obligation) -> None:
            add(dataclasses.replace(obligation, name=prefix + obligation.name))

        docket = Docket(solvers=self.solvers, timeout=self.timeout, progress=named)
        scratch = self.folder / (prefix.replace("/", "_") or "whole")
        inquiry = Inquiry(
            core=core, solvers=self.solvers, timeout=self.timeout, folder=scratch, traces=self.traces, campaign=self.campaign
        )
        if core.parts:
            if "datapath" in self.parts and core.design.rule.whole:
                prove_parts(core.design.rule.whole, core.design.config, docket)
                prove_rest(core.design.rule.whole, core.design.config, docket)
            counterexample = None
            for part in core.parts:
                found = self.whole(part, f"{prefix}{part.folder.name}/", add)
                counterexample = counterexample or (found and found.inside(part.folder.name))
        else:
            counterexample = prove_lane(core, docket, self.parts, self.circuit or partial(read_circuit, core))
        if "engine" in self.parts:
            refuted = False
            for obligation in (prove_graph if core.parts else prove_engine)(inquiry):
                named(obligation)
                refuted = refuted or obligation.verdict == "refuted"
            # Of what is refuted nobody asks whether it is vacuous.
            for obligation in (cover_graph if core.parts else cover_engine)(inquiry) if self.covers and not refuted else ():
                named(obligation)
        return counterexample

    def lanes(self, core: Core, add: Callable[[Obligation], None]) -> Counterexample | None:
        """Prove the lanes of the parts of a core until one is refuted; return its counterexample."""
        for part in core.parts:
            place = part.folder.name

            def named(obligation: Obligation, place: str = place) -> None:
                add(dataclasses.replace(obligation, name=f"{place}/{obligation.name}"))

            docket = Docket(solvers=self.solvers, timeout=self.timeout, progress=named)
            if found := prove_lane(part, docket, self.parts, partial(read_circuit, part)):
                return found.inside(place)
        return None


def prove_lane(
    core: Core, docket: Docket, parts: Collection[str], circuit: Callable[[str], Circuit], *, engine: bool = True
) -> Counterexample | None:
    """Prove the datapath and the lane around it; return a counterexample, as a run of the lane where there is one.

    Without ``engine`` the lane stands in another block than an engine, and nothing is asked of what that gives it.
    """
    counterexample, register_case, register = None, None, None
    if "datapath" in parts:
        rule, config = core.design.rule, core.design.config
        update = Update(rule=rule, config=config, datapath=circuit("datapath"), terms=model_terms(rule, config))
        run = DatapathProof(update=update, docket=docket)
        run.run()
        counterexample = run.counterexample
    if "lane" in parts:
        around = LaneProof(core=core, lane=circuit("lane"), engine=circuit("core") if engine else None, docket=docket)
        around.run()
        register_case, register = around.register_case, around.random
    refuted = [o.name for o in docket.obligations if o.verdict == "refuted" and o.name not in OUTSIDE_THE_LANE]
    if not refuted:
        return counterexample
    return find_run(core, refuted[0], counterexample, register_case, register, docket) or counterexample
