"""Widths of a network that no solver is asked about: intervals add up, and a table is read for every number."""

from collections.abc import Iterator

from sc_hw_models.networks.errors import ONE, reciprocal, share

from ...rtl.networks.block import NetworkBlock
from ...rtl.networks.design import NetworkDesign
from ...rtl.networks.error import ErrorBlock
from ...rtl.networks.feedback import FeedbackBlock
from ...rtl.networks.sums import SumsBlock

__all__ = ["fits"]


def fits(design: NetworkDesign, block: NetworkBlock) -> Iterator[tuple[str, str, str]]:
    """Yield name, statement, and what is wrong of each obligation about the widths of a block."""
    if isinstance(block, FeedbackBlock):
        largest = (1 if block.signs else 1 << (block.weight_bits - 1)) * ((1 << (block.error_bits - 1)) - 1)  # -512 is no error
        total = block.classes * largest
        wrong = "" if total < 1 << (block.sum_bits - 1) else f"{total} in {block.sum_bits} bits"
        yield "fits", "the errors of all classes times weights or signs add up within the bits of their sum", wrong
    if isinstance(block, ErrorBlock) and block.softmax:
        yield (
            "fits",
            "the shares of all classes add up within the bits of an error, for every sum of exponentials",
            _shares(block),
        )
    if isinstance(block, SumsBlock):
        yield "fits", "every sum of activities times weights, each row at most once, fits the bits of a sum", _sums(design, block)


def _shares(block: ErrorBlock) -> str:
    """Add up the largest shares for each sum of exponentials; the largest exponential, of the first class, is in every sum."""
    for total in range(ONE, ONE * block.neurons + 1):
        if share(total, reciprocal(total >> 4)) >= 1 << (block.error_bits - 1):
            return f"shares of {total} in {block.error_bits} bits"
    return ""


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
