"""Calibrate what the compiler's delays are: small circuits between registers, placed and routed, and a line through each kind.

For each target: chains of LUTs, adders of several widths, and a multiplier, each several times beside the other as in a
datapath, seeds 1..3. Prints the [delays] of each target file; `clock` stays what it is.
"""

import argparse
import statistics
from collections.abc import Iterator

import numpy as np

from sc_hw.pnr.place import load_placeable, place_module, placeable_targets
from sc_hw.rtl.port import CLOCKED, Port, input_port, output_port

COPIES = 6
LUTS, ADDERS = (1, 2, 3, 4), (8, 12, 16, 24, 32)


def circuit(bits: int, lines: list[str], result: str) -> tuple[bytes, tuple[Port, ...]]:
    """Return copies of logic from registers to a register; ``{k}`` in a line is the copy."""
    ports = (CLOCKED[0], input_port("given", 2 * bits * COPIES), output_port("found", bits * COPIES))
    text = [
        f"module probe (input wire clk, input wire [{2 * bits * COPIES - 1}:0] given, output wire [{bits * COPIES - 1}:0] found);"
    ]
    for k in range(COPIES):
        low = 2 * bits * k
        text += [
            f"  reg [{bits - 1}:0] a_{k}, b_{k}, r_{k};",
            f"  always @(posedge clk) begin a_{k} <= given[{low + bits - 1}:{low}]; "
            f"b_{k} <= given[{low + 2 * bits - 1}:{low + bits}]; r_{k} <= {result.format(k=k)}; end",
            *(f"  {line.format(k=k)}" for line in lines),
            f"  assign found[{bits * (k + 1) - 1}:{bits * k}] = r_{k};",
        ]
    return "\n".join([*text, "endmodule", ""]).encode(), ports


def luts(depth: int) -> tuple[bytes, tuple[Port, ...]]:
    """Return bits that each pass ``depth`` LUTs which nothing can merge: each takes four bits of the level before."""
    bits, lines, last = 16, [], "a_{k}"
    for level in range(depth):
        turned = [f"{{{last}[{r - 1}:0], {last}[15:{r}]}}" for r in (3, 6, 11)]
        lines.append(
            f"wire [15:0] l{level}_{{k}} = ({last} & {turned[0]}) ^ ({turned[1]} | {turned[2]});".replace("{{", "{{").replace(
                "}}", "}}"
            )
        )
        last = f"l{level}_{{k}}"
    escaped = [line.replace("{k}", "\0").replace("{", "{{").replace("}", "}}").replace("\0", "{k}") for line in lines]
    return circuit(bits, escaped, last)


def measured(name: str) -> Iterator[str]:
    """Yield the lines of a target's table."""
    chosen = load_placeable(name)

    def period(text: bytes, ports: tuple[Port, ...]) -> float:
        (result,) = place_module({"probe.v": text}, "probe", ports, [chosen], [1, 2, 3], jobs=1)
        return 1000 / statistics.median(run.mhz for run in result.routed)

    levels = [period(*luts(depth)) for depth in LUTS]
    lut, overhead = np.polyfit(LUTS, levels, 1)
    adders = [period(*circuit(bits, [], "a_{k} + b_{k}")) for bits in ADDERS]
    carry, base = np.polyfit(ADDERS, adders, 1)
    yield f"# LUTs {[round(x, 2) for x in levels]}, adders {[round(x, 2) for x in adders]}"
    yield f"overhead = {max(overhead, 0):.2f}\nlut = {lut:.2f}\nchain = {base - max(overhead, 0):.2f}\ncarry = {carry:.3f}"
    width = chosen[0].delays["dsp"][0] if chosen[0].delays else 0
    if width:
        half = circuit(2 * width, [], f"$signed(a_{{k}}[{width - 1}:0]) * $signed(b_{{k}}[{width - 1}:0])")
        yield f"mul = {period(*half) - max(overhead, 0):.2f}"


def main() -> None:
    """Measure the targets that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", default=placeable_targets())
    for name in parser.parse_args().targets:
        print(f"{name}\n" + "\n".join(measured(name)), flush=True)


if __name__ == "__main__":
    main()
