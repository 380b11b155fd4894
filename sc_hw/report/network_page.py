"""The page of a network: that of a core, with what a network has of its own, and drawings of it while it learns."""

from ..network_file import network_line
from ..network_folder import EmittedNetwork
from .join import Report
from .learning import LEFT, WIDTH, learned
from .page import page_of

__all__ = ["render_network"]

_SECTIONS = (
    ("core", "Network"),
    ("resources", "Resources"),
    ("clocks", "Clocks"),
    ("proof", "Proof"),
    ("parity", "Parity"),
    ("mutants", "Mutants"),
    ("faults", "Planted faults"),
    ("blocks", "Blocks"),
    ("learning", "Learning"),
    ("provenance", "Provenance"),
)


def render_network(report: Report) -> str:
    """Return the page of a network. Everything that records hold is data and is escaped."""
    network = report.core
    if not isinstance(network, EmittedNetwork):
        raise TypeError("not of a network")
    spec = network.design.spec
    return page_of(
        "network.html.j2",
        report,
        sections=_SECTIONS,
        proof_title="Proof of the chip",
        line=network_line(spec),
        spec=spec,
        learning=learned(spec),
        left=LEFT,
        width=WIDTH,
    )
