"""A board learns digits over its serial line: the virtual board, or a real one, by the same program.

A crossbar of 64 pixels and ten classes stands behind the line. Each digit is shown twice: its bright pixels spike, the neuron of
its class after them, and a reward follows; then its dark pixels, the same neuron, and a punishment. All that learns is on the
board. In the end the board's weights are compared, each, with those of the golden model that was told the same.

    sc-hw board build/board/core --virtual          # says its path, such as /dev/pts/3
    python examples/board.py --port /dev/pts/3

Without --port it emits the core and starts the virtual board itself. Needs pip install 'sc-hw[digits,serial]'. Exit status 1 when
nothing is learned or a weight differs.
"""

import argparse
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np

import sc_hw
from sc_hw.board.virtual import VirtualBoard
from sc_hw.bus.folder import load_bus
from sc_hw.driver import Driver
from sc_hw.driver.serial import SerialLine
from sc_hw.manifest import load_core
from sc_hw_models.crossbar import CrossbarModel
from sc_hw_models.registry import get_rule

SEED, PIXELS, CLASSES, LANES, TEST = 1, 64, 10, 1, 400
SETTINGS = {"trace_decay_shift": 1, "eligibility_decay_shift": 1, "learning_shift": 8}
START, REWARD, BLOCK, QUIET = 1 << 15, 100, 25, 1  # weights at first; reward; digits between readings; timesteps of rest
SYNAPSES = ""  # the part of the design whose state is the weights; the others are neurons


def shown(pixels: np.ndarray, neuron: int, reward: int) -> dict[str, np.ndarray]:
    """Return the timesteps in which a digit is shown, a neuron spikes after it, and the reward comes after that."""
    inputs = {"pre_spike": np.zeros((3 + QUIET, PIXELS), bool), "post_spike": np.zeros((3 + QUIET, CLASSES), bool)}
    inputs["reward"] = np.zeros(3 + QUIET, np.int64)
    inputs["pre_spike"][0], inputs["post_spike"][1, neuron], inputs["reward"][2] = pixels, True, reward
    return inputs


def emit(folder: Path) -> None:
    """Emit the core, unless it is there."""
    if not folder.exists():
        settings = {"pre": PIXELS, "post": CLASSES, "lanes": LANES, "spikes": "addresses", "settings": SETTINGS}
        sc_hw.emit(**settings, bus="wishbone", output=folder)


def guesses(weights: np.ndarray, bright: np.ndarray) -> np.ndarray:
    """Return the class of each digit: the one whose weights from the bright pixels sum to the most."""
    return (bright @ weights.reshape(PIXELS, CLASSES)).argmax(axis=1)


def learn(driver: Driver, digits: int) -> tuple[float, float, int]:
    """Teach a board, and return the test accuracies in percent before and after, and how many weights are not the model's."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    bright, order = pixels > 7, np.random.default_rng(SEED).permutation(len(pixels))
    training, test = order[:digits], order[-TEST:]
    rule = get_rule("r_stdp")
    model = CrossbarModel.made(rule, rule.config_type(**SETTINGS), pre=PIXELS, post=CLASSES, lanes=LANES)
    state = driver.parts[SYNAPSES].fields
    start = {f.name: np.full(PIXELS * CLASSES, START if f.name == "weight" else f.reset) for f in state}
    model.synapses.load(start)
    driver.clear()
    driver.load(start, SYNAPSES)
    before = 100 * float(np.mean(guesses(start["weight"], bright[test]) == labels[test]))
    for block in np.split(training, range(BLOCK, digits, BLOCK)):
        for digit in block:
            for spiking, reward in ((bright[digit], REWARD), (~bright[digit], -REWARD)):
                inputs = shown(spiking, int(labels[digit]), reward)
                driver.learn(inputs)
                model.run(inputs)
        weights = driver.read(SYNAPSES)["weight"]
        right = 100 * float(np.mean(guesses(weights, bright[test]) == labels[test]))
        print(f"  {driver.timesteps:,} timesteps: {right:.1f} % of {TEST} other digits", flush=True)
    return before, right, int((weights != model.synapses.state["weight"]).sum())


def main() -> int:
    """Run the example and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", help="serial line of the board; without it a virtual one is started")
    parser.add_argument("--baud", type=int, default=115_200)
    parser.add_argument("--core", type=Path, default=Path("build/board/core"), help="emitted if it is not there")
    parser.add_argument("--digits", type=int, default=100)
    options = parser.parse_args()
    emit(options.core)
    core = load_core(options.core)
    with ExitStack() as stack:
        port = options.port or stack.enter_context(VirtualBoard(core, load_bus(core).layout)).port
        line = stack.enter_context(SerialLine(port, baud=options.baud))
        driver, begin = Driver(core, line), time.monotonic()
        before, after, differing = learn(driver, options.digits)
        print(f"{port}: {before:.1f} % before, {after:.1f} % after {options.digits} digits, {time.monotonic() - begin:.0f} s")
        print(f"{differing} weights differ from the golden model's; {line.dropped} frames were dropped on the way back")
    return 1 if differing or after < before + 30 else 0


if __name__ == "__main__":
    sys.exit(main())
