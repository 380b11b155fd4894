"""A crossbar on real data: 64 pixels that spike, ten classes that spike when they are told to, and reward for the right one.

Each of scikit-learn's digits is shown once a pass: its bright pixels spike, and the guess is the class whose weights from them
sum to the most. If it is wrong, the right class's neuron spikes and a reward follows; then the digit is shown again, the guessed
neuron spikes and a punishment follows. Spikes enter by number. The golden model learns first; then the emitted Verilog of both
generators is told the same and every state bit compared, while rows that rest are skipped.

    python examples/crossbar.py [FOLDER] [--quick]

Needs scikit-learn (pip install 'sc-hw[digits]'). Everything random comes from one seed. Exit status 1 when nothing is learned.
``--quick`` shows fewer digits once, to the Verilog of one generator.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from sc_hw_models.crossbar import CrossbarModel
from sc_hw_models.registry import get_rule

SEED = 1
PIXELS, CLASSES, LANES = 64, 10, 2
TEST = 400
# How many digits are learned, how often, by which generators, and the accuracy that is asked for.
WHOLE = 1000, 2, ("amaranth", "verilog"), 80
QUICK = 300, 1, ("verilog",), 65
QUIET = 8  # timesteps until traces and eligibilities are gone
SETTINGS = {"trace_decay_shift": 1, "eligibility_decay_shift": 1, "learning_shift": 6}
REWARD = 100
START = 1 << 15  # half of the largest weight

Arrays = dict[str, np.ndarray]


def shown(pixels: np.ndarray, neuron: int | None, reward: int) -> Arrays:
    """Return the timesteps in which a digit is shown, a class's neuron spikes after it, and the reward comes after that."""
    steps = 2 + QUIET if neuron is None else 3 + QUIET
    inputs = {
        "pre_spike": np.zeros((steps, PIXELS), bool),
        "post_spike": np.zeros((steps, CLASSES), bool),
        "reward": np.zeros(steps, np.int64),
    }
    inputs["pre_spike"][0] = pixels
    if neuron is not None:
        inputs["post_spike"][1, neuron] = True
        inputs["reward"][2] = reward
    return inputs


def learn(training_digits: int, passes: int) -> tuple[Arrays, np.ndarray, float]:
    """Return the recorded inputs, the weights they lead to and the test accuracy in percent."""
    from sklearn.datasets import load_digits

    rule, generator = get_rule("r_stdp"), np.random.default_rng(SEED)
    model = CrossbarModel.made(rule, rule.config_type(**SETTINGS), pre=PIXELS, post=CLASSES, lanes=LANES)
    model.synapses.load({"weight": np.full(PIXELS * CLASSES, START)})
    digits, labels = load_digits(return_X_y=True)
    order = generator.permutation(len(digits))
    bright, training, test = digits > 7, order[:training_digits], order[training_digits : training_digits + TEST]

    def guess(pixels: np.ndarray) -> int:
        return int(model.synapses.state["weight"].reshape(PIXELS, CLASSES)[pixels].sum(axis=0).argmax())

    played = []
    for sample in np.concatenate([generator.permutation(training) for _ in range(passes)]):
        right, guessed = int(labels[sample]), guess(bright[sample])
        shows = [(right, REWARD), (guessed, -REWARD)] if guessed != right else [(None, 0)]
        for neuron, reward in shows:
            played.append(shown(bright[sample], neuron, reward))
            model.run(played[-1])
    correct = sum(guess(bright[sample]) == labels[sample] for sample in test)
    stimulus = {name: np.concatenate([inputs[name] for inputs in played]) for name in played[0]}
    return stimulus, model.synapses.state["weight"], 100 * correct / TEST


def main() -> int:
    """Run the example and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("build/crossbar"))
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    folder, (digits, passes, generators, least) = options.folder, QUICK if options.quick else WHOLE
    folder.mkdir(parents=True, exist_ok=True)
    stimulus, weight, accuracy = learn(digits, passes)
    print(f"{digits} digits shown {passes} times; test accuracy on {TEST} others: {accuracy:.1f} %")
    np.savez_compressed(folder / "stimulus.npz", allow_pickle=False, **stimulus)
    np.savez_compressed(folder / "initial.npz", allow_pickle=False, weight=np.full(PIXELS * CLASSES, START))
    settings = [f"--set={key}={value}" for key, value in SETTINGS.items()]
    for generator in generators:
        place = str(folder / generator)
        commands = (
            (
                "emit",
                "--pre",
                str(PIXELS),
                "--post",
                str(CLASSES),
                "--lanes",
                str(LANES),
                "--spikes",
                "addresses",
                *settings,
                "--initial",
                str(folder / "initial.npz"),
                "--generator",
                generator,
                "-o",
                place,
                "--force",
            ),
            ("sim", place, "--stimulus", str(folder / "stimulus.npz")),
        )
        for command in commands:
            print("$ sc-hw", *command, flush=True)
            subprocess.run([sys.executable, "-m", "sc_hw", *command], check=True)
        with np.load(folder / generator / "results" / "sim" / "final_state.npz", allow_pickle=False) as state:
            differing = int((state["weight"] != weight).sum())
        if differing:
            raise RuntimeError(f"{place}: {differing} of {weight.size} weights at the end are not the model's")
        print(f"the {weight.size:,} weights at the end equal the model's")
        (outcome,) = json.loads((folder / generator / "results" / "sim.json").read_text())["cores"]
        rows = PIXELS * len(stimulus["reward"])
        print(f"{outcome['rows_skipped']:,} of {rows:,} rows were skipped ({100 * outcome['rows_skipped'] / rows:.0f} %)")
    return 0 if accuracy > least else 1


if __name__ == "__main__":
    sys.exit(main())
