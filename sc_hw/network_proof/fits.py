"""Widths of a network that no solver is asked about: intervals add up, and a table is read for every number."""

from collections.abc import Iterator

from ..rtl.networks.block import NetworkBlock
from ..rtl.networks.design import NetworkDesign
from ..rtl.networks.sums import SumsBlock

__all__ = ["fits"]


def fits(design: NetworkDesign, block: NetworkBlock) -> Iterator[tuple[str, str, str]]:
    """Yield name, statement, and what is wrong of each obligation about the widths of a block."""
    if isinstance(block, SumsBlock):
        yield "fits", "every sum of activities times weights, each row at most once, fits the bits of a sum", _sums(design, block)


def _sums(design: NetworkDesign, block: SumsBlock) -> str:
    """Compare the interval of the sum of all rows with the bits that it has."""
    low = high = 0
    spec = design.spec
    for projection in spec.onto(block.population):
        own, source = design.projections[projection.name], spec.populations[projection.source]
        # Each neuron at most its largest activity, and the bias.
        most = (own.rows - bool(own.bias)) * min(spec.step_maximum(source), (1 << own.given_bits) - 1) + own.bias
        low -= most << (own.weight_bits - 1)
        high += most * ((1 << (own.weight_bits - 1)) - 1)
    top = 1 << (block.sum_bits - 1)
    return "" if -top <= low and high < top else f"{low}..{high} in {block.sum_bits} bits"
