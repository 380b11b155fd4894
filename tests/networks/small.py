"""Small networks of the counting form, and how tests emit them."""

from pathlib import Path

from sc_hw.errors import UserError
from sc_hw.network_file import network_toml
from sc_hw.network_folder import network_in_memory
from tests.models.networks.random_networks import network

__all__ = ["SMALL", "SMALL_FILE", "WIDE", "buildable", "consolidating", "write_network"]

SMALL_FILE = Path(__file__).with_name("small.toml")
SMALL = SMALL_FILE.read_text()

# Squares and shifts, two hidden populations, synapses that do not learn, two projections onto one population, both ways back, a
# neuron of several beats, a hard error.
WIDE = """
[network]
seed = 7
[population.input]
size = 12
height = 8
width = 6
pool = 2
jitter = 2
rule = "input"
[population.a]
size = 4
rule = "counting"
threshold_shift = 4
bias = 8
[population.b]
size = 6
rule = "counting"
threshold_shift = 3
[population.output]
size = 4
rule = "readout"
[projection.ia]
from = "input"
to = "a"
rule = "three_factor"
signal = "feedback"
learning_shift = 5
lanes = 2
weight_bits = 8
[projection.ib]
from = "input"
to = "b"
rule = "static"
lanes = 3
weight_bits = 6
spread = 20
[projection.ab]
from = "a"
to = "b"
rule = "three_factor"
signal = "feedback"
learning_shift = 4
lanes = 3
weight_bits = 7
[projection.ao]
from = "a"
to = "output"
rule = "three_factor"
signal = "error"
learning_shift = 6
lanes = 2
weight_bits = 8
[projection.bo]
from = "b"
to = "output"
rule = "three_factor"
signal = "error"
learning_shift = 6
lanes = 2
weight_bits = 9
[projection.fa]
from = "output.error"
to = "a.signal"
rule = "static"
gain = 1
[projection.fb]
from = "output.error"
to = "b.signal"
rule = "symmetric"
gain = -3
[sample]
timesteps = 10
output_shift = 4
error = "hard"
margin = 20
octaves = 2
"""


def buildable(seeds):
    """Yield the seeds of random networks of which there is hardware."""
    for seed in seeds:
        try:
            network_in_memory(network(seed, "counting"))
        except UserError:
            continue
        yield seed


def consolidating(kind, *, codes=3):
    """Return what makes the small network one of a kind; a lock has codes of its own."""
    both = [f"projection.{name}.consolidation={kind}" for name in ("in", "out")]
    return [*both, *(f"projection.{name}.code_bits={codes}" for name in ("in", "out") if kind != "lock")]


def write_network(folder, spec):
    """Write the file of a network and return its path."""
    path = folder / "network.toml"
    path.write_text(network_toml(spec))
    return path
