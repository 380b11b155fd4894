"""What the proof of a block says of a mutant of it: the statements about the module that the mutant is in, or a comparison."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from sc_hw_models.scratch import temporary_folder

from ..faults.equivalence import compare_modules
from ..faults.instance_faults import InstanceFault, plant_instances
from ..faults.instances import source_module
from ..faults.plant import Mutant, fixed_modules
from ..manifest import Core
from ..mutate.turns import Verdict
from ..proof.alone import prove_alone
from ..proof.induction import Inquiry
from ..proof.mutants import answered, mutant_verdict
from ..proof.result import Obligation
from ..proof.solver import Solver
from ..proof.structure import check_structure
from .place import Placed
from .planted import texts_of

__all__ = ["Judge"]

_LARGEST_MEMORY = 1 << 13  # bits that become registers in a comparison


@dataclass(frozen=True, kw_only=True)
class Judge:
    """Judges mutants of a block, as ``judge_mutants`` does those of a core; ``netlist`` holds those of bits and registers.

    Each question has ``timeout`` seconds.
    """

    placed: Placed
    netlist: str
    solvers: Sequence[Solver]
    timeout: int

    @cached_property
    def _gold(self) -> Mapping[str, str]:
        return self._fixed(0)

    def _fixed(self, number: int) -> Mapping[str, str]:
        name = self.placed.block.name
        return fixed_modules(self.netlist, name, f"{name}_selection", number)

    def mutant(self, mutant: Mutant, *, killed: bool) -> Verdict:
        """Return ``refuted``, ``differs``, ``equivalent`` or ``unknown``, and what decided it, of a mutant in the netlist."""
        module, gate = source_module(mutant.module), self._fixed(mutant.number)
        proof = partial(self._proof, gate, module, structure=False)
        return mutant_verdict(proof, lambda: self._compared(self._gold, gate, module), killed=killed)

    def fault(self, fault: InstanceFault, *, killed: bool) -> Verdict:
        """Return the same of a fault at an instance, an edit of the emitted text; its structure is asked first."""
        gold = texts_of(self.placed)
        gate, module = plant_instances(gold, {1: fault}), fault.instance.parent
        proof = partial(self._proof, gate, module, structure=True)
        return mutant_verdict(proof, lambda: self._compared(gold, gate, module), killed=killed)

    def _compared(self, gold: Mapping[str, str], gate: Mapping[str, str], module: str) -> Verdict:
        memories = self.placed.memories
        if memories.get(module, 0) > _LARGEST_MEMORY:
            return "unknown", f"a memory of more than {_LARGEST_MEMORY} bits"
        inside = () if module in memories else tuple(memories)
        # A fault may have put a module of another name, or a copy of one, in place of one that stands inside.
        if any(text.count("\nmodule ") != gold.get(name, "").count("\nmodule ") for name, text in gate.items()):
            if max(memories.values(), default=0) > _LARGEST_MEMORY:
                return "unknown", f"a memory of more than {_LARGEST_MEMORY} bits"
            inside = ()
        return compare_modules(gold, gate, module, inside, timeout=self.timeout)

    def _proof(self, gate: Mapping[str, str], module: str, *, structure: bool) -> Verdict:
        changed = self._changed(gate)
        with temporary_folder() as folder:
            inquiry = Inquiry(core=changed, solvers=self.solvers, timeout=self.timeout, folder=folder / "run", traces=None)
            return answered(lambda: self._obligations(inquiry, module, structure=structure))

    def _changed(self, gate: Mapping[str, str]) -> Core:
        core = self.placed.core
        return dataclasses.replace(core, texts={**core.texts, **{name: text.encode() for name, text in gate.items()}})

    def _obligations(self, inquiry: Inquiry[Core], module: str, *, structure: bool) -> Iterator[Obligation]:
        if structure:
            yield from check_structure(inquiry.core, registers=False)
        memory = module if module in self.placed.memories else ""
        yield from prove_alone(inquiry, self.placed.place, self.placed.block, module=memory)
