"""The result of a synthesis run: counts, device use and the verdicts on the state memory, ready for JSON."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..targets import RESOURCES

__all__ = ["STAGE", "MemoryProof", "SynthResult"]

STAGE = "post-synthesis"  # counts of mapped cells; nothing has been packed, placed or routed


@dataclass(frozen=True, kw_only=True)
class MemoryProof:
    """Where the synapses' state is, in bits.

    ``memory_bits`` and ``register_bits`` come from the netlist before mapping, ``expected_bits`` (lanes x
    words a lane x bits a state word, of every core) and ``synapse_bits`` (the part of them that carries synapses) from the
    manifest, the rest from the mapped netlist. ``due_bits`` are those of memories that would fill at
    least one block of the device; a smaller one may be kept in LUTs or registers.
    """

    memory_bits: int
    expected_bits: int
    synapse_bits: int
    register_bits: int
    block_ram_bits: int
    lut_ram_cells: int
    left_to_registers: int
    due_bits: int

    @property
    def placement(self) -> str:
        """Where the memories went: ``block RAM``, ``LUT RAM``, ``registers``, a mixture of them, or ``no memory``."""
        if not self.memory_bits:
            return "no memory"
        places = [
            name
            for name, used in (
                ("block RAM", self.block_ram_bits),
                ("LUT RAM", self.lut_ram_cells),
                ("registers", self.left_to_registers),
            )
            if used
        ]
        return " + ".join(places) or "optimised away"

    @property
    def occupancy(self) -> float | None:
        """Part of the bits of the block RAM bought that hold state; ``None`` unless all memory is there."""
        return self.memory_bits / self.block_ram_bits if self.in_block_ram else None

    @property
    def in_block_ram(self) -> bool:
        """Whether all memory is in block RAM, with room for every bit."""
        return self.placement == "block RAM" and self.block_ram_bits >= self.memory_bits

    @property
    def verdicts(self) -> dict[str, bool]:
        """What is claimed about the memory, and whether it holds."""
        everything = 0 < self.due_bits == self.expected_bits
        return {
            "memory_bits_exact": self.memory_bits == self.expected_bits,
            "memory_in_block_ram": self.in_block_ram if everything else self.block_ram_bits >= self.due_bits,
        }

    @property
    def failures(self) -> list[str]:
        """One sentence for each verdict that does not hold."""
        verdicts, sentences = self.verdicts, []
        if not verdicts["memory_bits_exact"]:
            sentences.append(
                f"the netlist has {self.memory_bits} memory bits, the manifest asks for exactly {self.expected_bits}"
            )
        if not verdicts["memory_in_block_ram"]:
            sentences.append(
                f"the memory is in: {self.placement}, with {self.block_ram_bits} bits of block RAM; {self.due_bits} of "
                f"{self.expected_bits} bits must be in block RAM"
            )
        return sentences

    def to_dict(self) -> dict[str, Any]:
        """Return the figures and what follows from them."""
        derived = {
            "placement": self.placement,
            "in_block_ram": self.in_block_ram,
            "occupancy": self.occupancy,
            "verdicts": self.verdicts,
        }
        return dataclasses.asdict(self) | derived


@dataclass(frozen=True, kw_only=True)
class SynthResult:
    """One module on one target. ``cells`` are the raw counts by cell type, ``resources`` the sums by class."""

    core: str
    generator: str
    rule: str
    synapses: int
    lanes: int
    module: str
    top: str
    edited: tuple[str, ...]
    target: str
    part: str
    family: str
    tool_version: str
    script: str
    cells: Mapping[str, int]
    resources: Mapping[str, float]
    capacity: Mapping[str, float]
    memory: MemoryProof
    seconds: float

    @property
    def utilisation(self) -> dict[str, float]:
        """Used part of the device by class, 1.0 being all of it; infinite where it has none of what is used."""
        used = {name: self.resources[name] for name in RESOURCES}
        return {name: n / self.capacity[name] if self.capacity[name] else float("inf") if n else 0.0 for name, n in used.items()}

    @property
    def scarcest(self) -> str:
        """The class of which the largest part is used."""
        return max(RESOURCES, key=lambda name: self.utilisation[name])

    @property
    def fits(self) -> bool:
        """Whether the device has enough of everything; placement may still fail close to the limit."""
        return all(part <= 1 for part in self.utilisation.values())

    @property
    def failures(self) -> list[str]:
        """One sentence for each verdict that does not hold; not fitting a device is a result, not a failure."""
        return self.memory.failures

    @property
    def passed(self) -> bool:
        """Whether every verdict holds."""
        return all(self.memory.verdicts.values())

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON values; ``script`` run by Yosys in the core's folder repeats the measurement."""
        return {
            "stage": STAGE,
            "core": self.core,
            "generator": self.generator,
            "rule": self.rule,
            "synapses": self.synapses,
            "lanes": self.lanes,
            "module": self.module,
            "top": self.top,
            "edited": list(self.edited),
            "target": self.target,
            "part": self.part,
            "family": self.family,
            "flattened": True,
            "tool": {"name": "yosys", "version": self.tool_version},
            "script": self.script,
            "cells": dict(self.cells),
            "resources": dict(self.resources),
            "capacity": {name: int(n) if n == int(n) else n for name, n in self.capacity.items()},
            "scarcest": self.scarcest,
            "fits": self.fits,
            "memory": self.memory.to_dict(),
            "passed": self.passed,
            "seconds": round(self.seconds, 2),
        }
