"""A layer on real data: neurons with short-term plasticity in front of synapses that learn from what they release.

Scikit-learn's digits become Poisson spike trains of 64 presynaptic neurons. Ten postsynaptic neurons integrate what these
release, times the weights, and the host tells each how wrong it is; the delta rule in the core changes the weights. The golden
model of the layer learns first; then the emitted Verilog of both generators is told the same and compared at every timestep.

    python examples/layer.py [FOLDER] [--quick]

Needs scikit-learn (pip install 'sc-hw[digits]'). Everything random comes from one seed. Exit status 1 when nothing is learned.
``--quick`` shows fewer digits, to the Verilog of one generator.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np

from sc_hw_models.core import CoreModel
from sc_hw_models.layer import LayerModel
from sc_hw_models.registry import get_rule

SEED = 1
PIXELS, CLASSES = 64, 10
TEST, TIMESTEPS = 200, 25  # digits, timesteps of one digit
# How many digits are learned, by which generators, and the accuracy that is asked for.
WHOLE = 400, ("amaranth", "verilog"), 70
QUICK = 100, ("amaranth",), 30
RATE = 0.3  # spikes a timestep of the brightest pixel
NEURONS = {"facilitation_shift": 6, "recovery_shift": 5}
SYNAPSES = {"learning_shift": 10}


def spike_trains(generator: np.random.Generator, training: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the spikes ``(timesteps, 64)`` of all digits, the training digits first, and the label of each timestep."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    chosen = generator.permutation(len(labels))[: training + TEST].repeat(TIMESTEPS)
    return generator.random((len(chosen), PIXELS)) < RATE * pixels[chosen] / 16, labels[chosen]


def learn(training: int) -> tuple[dict[str, np.ndarray], np.ndarray, float]:
    """Return the recorded inputs of the layer, the weights they lead to and the test accuracy in percent."""
    neurons, synapses = get_rule("stp"), get_rule("three_factor")
    layer = LayerModel(
        CoreModel(neurons, neurons.config_type(**NEURONS), synapses=PIXELS),
        CoreModel(synapses, synapses.config_type(**SYNAPSES), synapses=PIXELS * CLASSES),
    )
    spikes, labels = spike_trains(np.random.default_rng(SEED), training)
    released = layer.neurons.run({"pre_spike": spikes})[1]["release"]
    signals = np.zeros((len(spikes), CLASSES), dtype=np.int64)
    right = 0
    for t, label in enumerate(labels):
        if t % TIMESTEPS == 0:
            potential = np.zeros(CLASSES)
        given = layer.synapse_inputs({"release": released[t : t + 1]}, {"signal": signals[t : t + 1]})
        weight = layer.synapses.state["weight"].reshape(CLASSES, PIXELS)
        potential = 0.97 * potential + weight @ given["activity"][0, :PIXELS] / 32
        if t < training * TIMESTEPS:
            signals[t] = 255 * (np.arange(CLASSES) == label) - np.clip(128 + potential, 0, 255).astype(np.int64)
            layer.synapses.run(given | {"signal": signals[t].repeat(PIXELS)[None]}, history=False)
        elif (t + 1) % TIMESTEPS == 0:
            right += int(potential.argmax()) == label
    return {"pre_spike": spikes, "signal": signals}, layer.synapses.state["weight"], 100 * right / TEST


def main() -> int:
    """Run the example and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("build/layer"))
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    folder, (digits, generators, least) = options.folder, QUICK if options.quick else WHOLE
    folder.mkdir(parents=True, exist_ok=True)
    stimulus, weight, accuracy = learn(digits)
    print(f"{digits} digits shown once, {TIMESTEPS} timesteps each; test accuracy on {TEST} others: {accuracy:.1f} %")
    np.savez_compressed(folder / "stimulus.npz", allow_pickle=False, **stimulus)
    settings = [
        f"--{option}={key}={value}"
        for option, values in (("neuron-set", NEURONS), ("set", SYNAPSES))
        for key, value in values.items()
    ]
    for generator in generators:
        place = str(folder / generator)
        commands = (
            (
                "emit",
                "--rule",
                "three_factor",
                "--synapses",
                str(PIXELS * CLASSES),
                "--presynaptic",
                "stp",
                "--neurons",
                str(PIXELS),
                *settings,
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
    return 0 if accuracy > least else 1


if __name__ == "__main__":
    sys.exit(main())
