"""Chips of networks in Icarus, a simulator of four values: what was never written is unknown, and all that comes of it."""

import subprocess

import numpy as np

from sc_hw_models.networks import NetworkModel

__all__ = ["DEEP", "played", "show_of"]

# Nothing is always on: of a dark sample every list is empty.
DEEP = """
[network]
seed = 3
[population.input]
size = 4
rule = "input"
[population.a]
size = 4
rule = "counting"
threshold_shift = 4
[population.b]
size = 3
rule = "counting"
threshold_shift = 3
[population.output]
size = 2
rule = "readout"
[projection.ia]
from = "input"
to = "a"
rule = "three_factor"
signal = "feedback"
learning_shift = 5
lanes = 2
weight_bits = 8
[projection.ab]
from = "a"
to = "b"
rule = "three_factor"
signal = "feedback"
learning_shift = 4
lanes = 3
weight_bits = 7
[projection.bo]
from = "b"
to = "output"
rule = "three_factor"
signal = "error"
learning_shift = 6
lanes = 1
weight_bits = 8
[projection.fa]
from = "output.error"
to = "a.signal"
rule = "static"
[projection.fb]
from = "output.error"
to = "b.signal"
rule = "symmetric"
gain = -3
[sample]
timesteps = 10
output_shift = 4
"""

# In every clock the bench looks whether a control pin of the chip is unknown.
_BENCH = """
module bench;
  reg clk = 0, rst = 1;
  always #5 clk = ~clk;
  reg [{pixel_bits}:0] beats [0:{last}];
  initial $readmemh("beats.hex", beats);
  integer at = 0, decisions = 0, quiet = 0, reads = 0;
  wire pixel_ready, decision_valid, host_ready, readback_valid, idle;
  wire [{class_top}:0] decision_class;
  wire [{data_top}:0] readback_data;
  wire [{pixel_bits}:0] beat = beats[at > {last} ? {last} : at];
  reg rested = 0;  // all samples are learned: now the synapses are read
  reg [{host_top}:0] asked [0:{last_read}];
  initial $readmemh("asked.hex", asked);
  wire [{host_top}:0] ask = asked[reads > {last_read} ? {last_read} : reads];
  wire pixel_valid = ~rst & (at <= {last});
  wire host_valid = ~rst & (decisions == {samples}) & rested & (reads <= {last_read});
  {name} dut (
    .clk(clk), .rst(rst), .idle(idle),
    .pixel_valid(pixel_valid), .pixel_ready(pixel_ready), {pixel_pins},
    .decision_valid(decision_valid), .decision_ready(1'b1), .decision_class(decision_class),
    .host_valid(host_valid), .host_ready(host_ready), {host_pins},
    .readback_valid(readback_valid), .readback_ready(1'b1), .readback_data(readback_data)
  );
  initial #22 rst = 0;
  always @(posedge clk) if (~rst) begin
    quiet <= idle === 1'b1 ? quiet + 1 : 0;
    if ((^{{pixel_ready, decision_valid, host_ready, readback_valid, idle}}) === 1'bx) begin
      $display("unknown control at %0t", $time);
      $finish;
    end
    if ((decisions == {samples}) & (quiet > 50)) rested <= 1;
    if (pixel_valid & pixel_ready) at <= at + 1;
    if (decision_valid) begin
      $display("decision %b", decision_class);
      decisions <= decisions + 1;
    end
    if (readback_valid) $display("synapse %b", readback_data);
    if (host_valid & host_ready) reads <= reads + 1;
    if (reads > {last_read}) begin
      $display("end");
      $finish;
    end
  end
  initial #{patience} begin
    $display("stuck after %0d decisions", decisions);
    $finish;
  end
endmodule
"""


def _packed(stream, columns):
    """Return the pins of a stream on a vector, its bits, and the beats as hexadecimal lines, the first item lowest."""
    pins, low, words = [], 0, [0] * len(next(iter(columns.values())))
    for item in stream.items:
        pins.append(f".{stream.name}_{item.name}({{}}[{low + item.bits - 1}:{low}])")
        words = [word | (int(value) << low) for word, value in zip(words, columns[item.name], strict=True)]
        low += item.bits
    return pins, low, "".join(f"{word:x}\n" for word in words)


def show_of(spec, samples, seed):
    """Return pixels and labels: a dark sample first, then random ones, dark ones among them."""
    generator = np.random.default_rng(seed)
    pixels = generator.integers(0, 256, (samples, spec.input.neuron.height * spec.input.neuron.width or spec.input.size))
    pixels *= generator.random(pixels.shape) < 0.5
    pixels[::3] = 0
    return pixels.astype(np.uint8), generator.integers(0, spec.output.size, samples)


def played(chip, texts, folder, pixels, labels):
    """Let Icarus run a chip on samples that it learns; return what it printed, and what it should print by the golden model."""
    design, spec = chip.design, chip.design.spec
    model, lines = NetworkModel(spec), []
    for seen in model.play(pixels, labels, learn=True):
        lines.append(f"decision {seen['decision']:0{design.class_bits}b}")
    streams = {stream.name: stream for stream in design.streams}
    count, size = pixels.shape
    first = np.arange(count * size) // size
    pixel_columns = {
        "data": pixels.reshape(-1),
        "last": np.arange(count * size) % size == size - 1,
        "label": labels[first],
        "learn": np.ones(count * size, dtype=int),
        "slower": np.zeros(count * size, dtype=int),
    }
    asked = []
    widest = streams["readback"].bits("data")
    for number, memory in enumerate(model.memories.values()):
        lanes, weights = memory.weights.lanes, memory.state["weight"].reshape(-1)
        bits = design.projections[[*model.memories][number]].synapse_bits
        for k, weight in enumerate(weights.tolist()):
            asked.append({"write": 0, "projection": number, "address": k // lanes, "lane": k % lanes, "data": 0})
            lines.append(f"synapse {weight & ((1 << bits) - 1):0{widest}b}")
    pixel_pins, pixel_bits, beats = _packed(streams["pixel"], pixel_columns)
    host_pins, host_bits, asks = _packed(streams["host"], {k: [one[k] for one in asked] for k in asked[0]})
    text = _BENCH.format(
        name=design.name,
        samples=count,
        last=count * size - 1,
        last_read=len(asked) - 1,
        pixel_bits=pixel_bits - 1,
        host_top=host_bits - 1,
        class_top=design.class_bits - 1,
        data_top=widest - 1,
        pixel_pins=", ".join(pin.format("beat") for pin in pixel_pins),
        host_pins=", ".join(pin.format("ask") for pin in host_pins),
        patience=20_000 * count,
    )
    for name, content in texts.items():
        (folder / name).write_text(content)
    (folder / "bench.v").write_text(text)
    (folder / "beats.hex").write_text(beats)
    (folder / "asked.hex").write_text(asks)
    command = ["iverilog", "-g2012", "-s", "bench", "-o", "bench.vvp", "bench.v", *texts]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)
    done = subprocess.run(["vvp", "-n", "bench.vvp"], cwd=folder, check=True, capture_output=True, text=True, timeout=60)
    return done.stdout.splitlines(), [*lines, "end"]
