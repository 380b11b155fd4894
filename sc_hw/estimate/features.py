"""What the fit multiplies: the quantities of a design as a device sees them, one figure a feature."""

from collections.abc import Callable

from .fabric import Fabric
from .quantities import SIZES, Quantities

__all__ = ["FEATURES", "FREE", "exact_blocks", "ff_features", "lut_features"]

# Features that may also save cells: a multiplier takes in the registers and adders around it, the ends of a chain need no LUT.
FREE = frozenset({"product bits", "carry chains"})


def exact_blocks(quantities: Quantities, fabric: Fabric) -> tuple[float, float]:
    """Return the units of block RAM and of DSP: by rule, not by fit."""
    block_ram = sum(fabric.memory(memory).units * number for memory, number in quantities.memories)
    dsp = sum(fabric.product(product).units * number for product, number in quantities.multipliers)
    return block_ram, dsp


def lut_features(quantities: Quantities, fabric: Fabric) -> dict[str, float]:
    """Return what LUTs go with.

    ``soft products`` are the cells of products without a multiplier: full adders (two cells each), gates and the last sum.
    """
    q, k = quantities, SIZES.index(fabric.lut_inputs)
    found = {
        "packed gates of lanes": q.lane_packed[k],
        "packed gates of the rest": q.rest_packed[k],
        "carry bits": q.carries,
        "carry chains": q.chains,
        "enables and resets": q.controls,
        "random bits": q.random,
        "soft products": 0.0,
        "joined products": 0.0,
        "product bits": 0.0,
        "LUT RAM cells": 0.0,
        "bits read from LUT RAM": 0.0,
        "bits of multiplexers behind memories": 0.0,
        "memories in registers": 0.0,
    }
    for product, number in q.multipliers:
        blocks = fabric.product(product)
        if blocks.units:
            found["product bits"] += number * product.product
            found["joined products"] += number * (blocks.deep - 1) * product.product / blocks.deep
        else:
            a, b = product.a, product.b
            found["soft products"] += number * (2 * max(b - 2, 0) * a + a * b + a + b)
    for memory, number in q.memories:
        blocks = fabric.memory(memory)
        found["LUT RAM cells"] += number * blocks.cells
        found["bits read from LUT RAM"] += number * memory.bits * (blocks.cells > 0)
        found["bits of multiplexers behind memories"] += number * (blocks.deep - 1) * memory.bits
        found["memories in registers"] += number * memory.words * memory.bits * (not blocks.cells and not blocks.units)
    return found


def ff_features(quantities: Quantities, fabric: Fabric) -> dict[str, float]:
    """Return what flip-flops go with."""
    q = quantities
    found = {
        "registers": float(q.registers),
        "random bits": q.random,
        "product bits": 0.0,
        "bits read from LUT RAM": 0.0,
        "memories in registers": 0.0,
    }
    for product, number in q.multipliers:
        found["product bits"] += number * (product.a + product.b + product.product) * (fabric.product(product).units > 0)
    for memory, number in q.memories:
        blocks = fabric.memory(memory)
        found["bits read from LUT RAM"] += number * memory.bits * (blocks.cells > 0)
        if not blocks.cells and not blocks.units:
            found["memories in registers"] += number * memory.bits * (memory.words + 1)
    return found


FEATURES: dict[str, Callable[[Quantities, Fabric], dict[str, float]]] = {"lut": lut_features, "ff": ff_features}
