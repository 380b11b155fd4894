"""The proof of one block: the structure of its folder, its campaign, its statements, and that they are not vacuous."""

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sc_hw_models.scratch import temporary_folder

from ..errors import UserError, in_shell
from ..partial import STEPS
from ..proof.alone import assumed_of, cover_alone, prove_alone
from ..proof.induction import Inquiry
from ..proof.result import Obligation, ProofResult
from ..proof.solver import Solver
from ..proof.structure import check_structure, is_sound
from ..toolchain import sby
from ..yosys import find_yosys
from .place import Placed
from .simulate import BlockRun, simulate_block

__all__ = ["BlockCampaign", "prove_placed"]

_CAMPAIGN = "not vacuous: the campaign of sc-hw sim --block plays it and finds no difference from the golden model"
_SEED = 1


@dataclass(frozen=True, kw_only=True)
class BlockCampaign:
    """The campaign of a block beside its golden model, run when first asked for, in ``output``."""

    placed: Placed
    output: Path

    @cached_property
    def _ran(self) -> tuple[BlockRun, float]:
        started = time.monotonic()
        result = simulate_block(self.placed, steps=STEPS, seed=_SEED, output=self.output)
        return result, round(time.monotonic() - started, 3)

    @property
    def differs(self) -> bool:
        """Whether the block and its golden model differ."""
        return not self._ran[0].passed

    def obligation(self) -> Obligation:
        """Return the obligation that a proven block is one that runs."""
        result, seconds = self._ran
        (record,) = result.runs
        answer = {"solver": "verilator", "version": result.tools["verilator"], "answer": "ran", "seconds": seconds}
        verdict, note = "proven", f"{record['timesteps']:,} timesteps, {record['beats']:,} beats"
        if self.differs:
            one = self.placed
            again = f"sc-hw sim {in_shell(one.core.folder)} --block {one.place} --steps {STEPS} --seed {_SEED} --waves"
            verdict, note = "refuted", f"{(record['mismatch'] or {}).get('text')}; repeat with a waveform: {again}"
        return Obligation(name="campaign", statement=_CAMPAIGN, verdict=verdict, answers=[answer], note=note)


def prove_placed(
    placed: Placed,
    solvers: Sequence[Solver],
    *,
    timeout: float = 60.0,
    covers: bool = True,
    traces: Path | None = None,
    progress: Callable[[Obligation], None] = lambda _o: None,
) -> ProofResult:
    """Prove that a block keeps its contract in the design that it stands in, or find where it does not.

    With ``covers`` its campaign is played first, and it is shown that the statements are not vacuous. What the block assumes of
    others, ``assumptions`` of the result, is for the proof of the whole. Errors: ``UserError`` for sources that cannot be read.
    """
    if not solvers:
        raise UserError("nothing to prove with: give at least one solver")
    core, start = placed.core, time.monotonic()
    obligations: list[Obligation] = []

    def add(obligation: Obligation) -> bool:
        obligations.append(obligation)
        progress(obligation)
        return obligation.verdict != "refuted"

    for obligation in check_structure(core):
        add(obligation)
    if is_sound(obligations):
        with temporary_folder() as scratch:
            campaign = BlockCampaign(placed=placed, output=(traces or scratch) / "campaign") if covers else None
            inquiry = Inquiry(
                core=core, solvers=solvers, timeout=timeout, folder=scratch / "block", traces=traces, campaign=campaign
            )
            good = not campaign or add(campaign.obligation())
            if good:
                for obligation in prove_alone(inquiry, placed.place, placed.block):
                    good = add(obligation) and good
            for obligation in cover_alone(inquiry, placed.place) if good and covers else ():
                add(obligation)
    return ProofResult(
        core=placed.block.name,
        rule=core.design.rule.name,
        config=dataclasses.asdict(core.design.config),
        generator=core.manifest["generator"],
        edited=core.edited,
        tools={"yosys": find_yosys()[1], **{solver.name: solver.tool.version for solver in solvers}, "sby": sby().version},
        obligations=obligations,
        counterexample=None,
        seconds=round(time.monotonic() - start, 3),
        assumptions=assumed_of(core, placed.block),
    )
