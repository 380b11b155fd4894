"""What the proof of a network says of a mutant: asked are the statements about the block that the mutant is in."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

from sc_hw_models.scratch import temporary_folder

from ...faults.equivalence import compare_modules
from ...faults.instance_faults import InstanceFault, plant_instances
from ...faults.instances import Instance, source_module, without_directives
from ...faults.plant import Mutant, fixed_modules
from ...network_folder import EmittedNetwork
from ...proof.docket import Docket
from ...proof.induction import Inquiry
from ...proof.mutants import answered, mutant_verdict, stop
from ...proof.network.prove import prove_block, prove_kept, prove_lanes, prove_wiring
from ...proof.result import Obligation
from ...proof.solver import Solver
from ...proof.structure import structure_of
from ...rtl.networks.projection import ProjectionBlock
from ..turns import Verdict

__all__ = ["Judge"]


@dataclass(frozen=True, kw_only=True)
class Judge:
    """Judges mutants of a network, as ``judge_mutants`` does those of a core; ``netlist`` holds those of bits and registers.

    ``instances`` are the network's; each question has ``timeout`` seconds.
    """

    network: EmittedNetwork
    netlist: str
    instances: Sequence[Instance]
    solvers: Sequence[Solver]
    timeout: int

    @cached_property
    def _gold(self) -> Mapping[str, str]:
        return self._fixed(0)

    def _fixed(self, number: int) -> Mapping[str, str]:
        name = self.network.design.name
        return fixed_modules(self.netlist, name, f"{name}_selection", number)

    @cached_property
    def _texts(self) -> Mapping[str, str]:
        return {name: without_directives(text) for name, text in self.network.verilog_text.items()}

    def mutant(self, mutant: Mutant, *, killed: bool) -> Verdict:
        """Return ``refuted``, ``differs``, ``equivalent`` or ``unknown``, and what decided it, of a mutant in the netlist."""
        module = source_module(mutant.module)
        gate = self._fixed(mutant.number)
        file = f"{module}.v"
        changed = replace(self.network, texts={**self.network.texts, file: gate[file].encode()}, edited=(file,))
        proof = partial(self._proof, changed, module, structure=False)
        return mutant_verdict(proof, lambda: self._compared(self._gold, gate, module), killed=killed)

    def fault(self, fault: InstanceFault, *, killed: bool) -> Verdict:
        """Return the same of a fault at an instance, an edit of the emitted text; its structure is asked first."""
        texts = plant_instances(self._texts, {1: fault})
        own = {name: text.encode() for name, text in texts.items()}
        changed = replace(
            self.network, texts=own, edited=tuple(name for name, text in texts.items() if text != self._texts[name])
        )
        module = fault.instance.parent
        proof = partial(self._proof, changed, module, structure=True)
        return mutant_verdict(proof, lambda: self._compared(self._texts, texts, module), killed=killed)

    def _compared(self, gold: Mapping[str, str], gate: Mapping[str, str], module: str) -> Verdict:
        inside = {instance.module for instance in self.instances if instance.parent == module}
        # A fault may have put a module of another name, or a copy of one, in place of one that stands inside.
        if any(text.count("\nmodule ") != gold.get(name, "").count("\nmodule ") for name, text in gate.items()):
            inside = set()
        return compare_modules(gold, gate, module, inside, timeout=self.timeout)

    def _proof(self, changed: EmittedNetwork, module: str, *, structure: bool) -> Verdict:
        with temporary_folder() as folder:
            return answered(lambda: self._obligations(changed, module, folder, structure=structure))

    def _obligations(self, changed: EmittedNetwork, module: str, folder: Path, *, structure: bool) -> Iterator[Obligation]:
        """Yield what is proven of a module: as the top, as a block, as a memory of one, or as a part of a lane."""
        if structure:
            yield from structure_of(changed, None)
        design = changed.design
        inquiry = Inquiry(core=changed, solvers=self.solvers, timeout=self.timeout, folder=folder, traces=None)
        if module == design.name:
            yield from prove_wiring(inquiry, design)
            return
        for place, block in design.blocks.items():
            kept = {f"{block.name}_{memory}" for memory in block.memories()}
            inside = {instance.module for instance in block.instances().values()}
            if module == block.name:
                yield from prove_block(inquiry, design, place)
                yield from prove_kept(inquiry, design, place)
            elif any(module in (name, f"{name}_blocks", f"{name}_rest") for name in kept):
                yield from prove_kept(inquiry, design, place)
            elif isinstance(block, ProjectionBlock) and (module in inside or module.startswith(f"{block.name}_")):
                yield from self._lanes(changed, block)

    def _lanes(self, changed: EmittedNetwork, block: ProjectionBlock) -> Iterable[Obligation]:
        docket = Docket(solvers=self.solvers, timeout=self.timeout, progress=stop)
        prove_lanes(changed, block.projection, docket)
        return docket.obligations
