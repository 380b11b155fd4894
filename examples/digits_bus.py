"""A chip learns digits behind a bus: pixels and labels go in through registers, decisions come out, nothing is learned outside.

The chip of ``networks/digits.toml`` runs in Verilator behind AXI4-Lite. Its driver shows it scikit-learn's digits but for some
that are held out, and measures on these with learning off. The golden network is shown the same: every decision and every
weight must be equal.

    python examples/digits_bus.py [--samples N] [--passes N] [--bus axi-lite | wishbone | apb] [--port PORT]

With ``--port`` the chip is at the other end of a serial line, such as a board's. Needs scikit-learn
(pip install 'sc-hw[digits]'). Exit status 1 when a decision or a weight differs.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

import sc_hw

NETWORK = Path(__file__).parent / "networks" / "digits.toml"
HELD_OUT = 450


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Return 1,797 digits of 8 x 8 bytes and their classes, in a fixed random order."""
    from sklearn.datasets import load_digits

    pixels, classes = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(pixels))
    return np.rint(pixels[order] * 255 / 16).astype(np.uint8), classes[order]


def main() -> int:
    """Learn, compare, and print how well it decides."""
    options = argparse.ArgumentParser(description="A chip learns digits behind a bus.")
    options.add_argument("--samples", type=int, default=1347, help="digits to learn")
    options.add_argument("--passes", type=int, default=3, help="how often")
    options.add_argument("--bus", default="axi-lite", help="axi-lite, wishbone or apb")
    options.add_argument("--port", default="virtual", help="a serial port, or virtual for the Verilog in Verilator")
    given = options.parse_args()
    pixels, classes = digits()
    shown = slice(HELD_OUT, HELD_OUT + given.samples)
    held_out, their_classes = pixels[:HELD_OUT], classes[:HELD_OUT]
    golden = sc_hw.network(NETWORK)
    with golden.driver(given.port, bus=given.bus) as chip:
        print(f"{golden!r}, behind {given.bus}")
        print(f"before it has learned: {100 * chip.score(held_out, their_classes):.1f} % of {HELD_OUT} digits")
        chip.fit(pixels[shown], classes[shown], passes=given.passes)
        golden.fit(pixels[shown], classes[shown], passes=given.passes)
        decided, learned = chip.predict(held_out), chip.read()
        accuracy = 100 * (decided == their_classes).mean()
        print(f"after {given.passes} passes of {len(pixels[shown]):,} others, learning off: {accuracy:.1f} %")
    wrong = sum(int((learned[name] != golden.model.state[name]).sum()) for name in learned)
    other = int((decided != golden.predict(held_out)).sum())
    count = sum(weights.size for weights in learned.values())
    print(f"{wrong} of {count:,} weights and {other} of {HELD_OUT} decisions are not the golden network's")
    return int(wrong > 0 or other > 0)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except sc_hw.UserError as error:
        print(f"digits_bus: {error}", file=sys.stderr)
        sys.exit(2)
