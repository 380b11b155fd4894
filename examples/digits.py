"""A core that starts from a trained classifier and goes on learning from real digits.

Trains a 64-16-10 classifier on scikit-learn's digits, puts its 64 x 16 = 1024 first-layer weights into an
R-STDP core as initial state, encodes test digits as Poisson spike trains, drives 16 leaky integrate-and-fire
neurons with them, rewards right and punishes wrong classifications, and then emits the core, simulates it
over that spike train against its golden model, and synthesises it.

    python examples/digits.py [FOLDER]

Needs scikit-learn (pip install 'sc-hw[digits]'). Everything random comes from one seed.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np

from sc_hw_models.online_o1 import OnlineO1Array
from sc_hw_models.rules.r_stdp import OnlineO1Config

SEED = 3
PIXELS, HIDDEN = 64, 16
DIGITS_SHOWN, MS_PER_DIGIT = 40, 25
SETTINGS = {
    "learning_shift": 10,
    "trace_fraction_bits": 4,
    "eligibility_gain_shift": 1,
    "rounding": "stochastic",
}


def train() -> tuple[np.ndarray, object, np.ndarray, np.ndarray]:
    """Return the first layer's weights ``(64, 16)``, the classifier and the test digits with their labels."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    from sklearn.neural_network import MLPClassifier

    pixels, labels = load_digits(return_X_y=True)
    parts = train_test_split(pixels / 16.0, labels, test_size=0.25, random_state=SEED, stratify=labels)
    classifier = MLPClassifier((HIDDEN,), max_iter=2000, random_state=SEED).fit(parts[0], parts[2])
    return classifier.coefs_[0], classifier, parts[1], parts[3]


def accuracy(classifier: object, first_layer: np.ndarray, pixels: np.ndarray, labels: np.ndarray) -> float:
    """Return the test accuracy with the first layer's weights replaced."""
    hidden = np.maximum(pixels @ first_layer + classifier.intercepts_[0], 0.0)
    return float(np.mean((hidden @ classifier.coefs_[1] + classifier.intercepts_[1]).argmax(axis=1) == labels))


def spike_train(
    weights: np.ndarray, scale: float, offset: float, classifier: object, pixels: np.ndarray, labels: np.ndarray
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return the recorded inputs of the core and the weights that the model ends with.

    Inputs are spikes ``(timesteps, 1024)`` and rewards ``(timesteps,)``.
    """
    generator = np.random.default_rng(SEED)
    config = OnlineO1Config(**SETTINGS)
    core = OnlineO1Array(config, PIXELS * HIDDEN, weights)
    steps = DIGITS_SHOWN * MS_PER_DIGIT
    pre = np.zeros((steps, PIXELS * HIDDEN), dtype=bool)
    post = np.zeros_like(pre)
    reward = np.zeros(steps, dtype=np.int64)
    potential = np.zeros(HIDDEN)
    for digit in range(DIGITS_SHOWN):
        counts = np.zeros(HIDDEN)
        for moment in range(MS_PER_DIGIT):
            step = digit * MS_PER_DIGIT + moment
            inputs = generator.random(PIXELS) < 0.4 * pixels[digit]
            current = inputs @ (core.state["weight"].reshape(PIXELS, HIDDEN) * scale + offset)
            potential = potential * 0.9 + current
            spikes = potential > 2.0
            potential[spikes] = 0.0
            counts += spikes
            pre[step] = np.repeat(inputs, HIDDEN)
            post[step] = np.tile(spikes, PIXELS)
            if moment == MS_PER_DIGIT - 1:
                guess = (counts @ classifier.coefs_[1] + classifier.intercepts_[1]).argmax()
                reward[step] = 40 if guess == labels[digit] else -40
            core.update(pre_spike=pre[step], post_spike=post[step], reward=int(reward[step]))
    return {"pre_spike": pre, "post_spike": post, "reward": reward}, core.state["weight"]


def run(*command: str) -> None:
    """Run one sc-hw command and stop when it fails."""
    print("$ sc-hw", *command, flush=True)
    subprocess.run([sys.executable, "-m", "sc_hw", *command], check=True)


def main() -> None:
    """Run the whole example."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "build/digits")
    folder.mkdir(parents=True, exist_ok=True)
    first_layer, classifier, pixels, labels = train()
    span = float(np.abs(first_layer).max())
    levels = 2**16 - 1
    # Weights are unsigned in the core: 0 is -span, 65535 is +span; the host takes the offset off.
    weights = np.rint((first_layer + span) / (2 * span) * levels).astype(np.int64).reshape(-1)
    scale, offset = 2 * span / levels, -span
    quantised = weights.reshape(PIXELS, HIDDEN) * scale + offset
    print(
        f"classifier on {len(labels)} test digits: float {accuracy(classifier, first_layer, pixels, labels):.4f}, "
        f"16-bit first layer {accuracy(classifier, quantised, pixels, labels):.4f}"
    )
    stimulus, expected = spike_train(weights, scale, offset, classifier, pixels, labels)
    np.savez(folder / "initial.npz", weight=weights)
    np.savez(folder / "stimulus.npz", **stimulus)
    rewarded = int((stimulus["reward"] > 0).sum())
    print(
        f"spike train: {DIGITS_SHOWN} digits, {len(stimulus['reward'])} timesteps of 1 ms, "
        f"{int(stimulus['pre_spike'][:, ::HIDDEN].sum())} presynaptic and {int(stimulus['post_spike'][:, :HIDDEN].sum())} "
        f"postsynaptic spikes, {rewarded} of {DIGITS_SHOWN} rewarded",
        flush=True,
    )
    core = str(folder / "core")
    options = [part for key, value in SETTINGS.items() for part in ("--set", f"{key}={value}")]
    run(
        "emit",
        "--synapses",
        str(PIXELS * HIDDEN),
        "--name",
        "digits",
        "--initial",
        str(folder / "initial.npz"),
        *options,
        "-o",
        core,
        "--force",
    )
    run("sim", core, "--stimulus", str(folder / "stimulus.npz"))
    run("synth", core, "--target", "ice40-hx8k", "--target", "ecp5-25k")
    with np.load(folder / "core" / "results" / "sim" / "final_state.npz") as state:
        learned = state["weight"]
    if (learned != expected).any():
        raise RuntimeError(f"{core}: {int((learned != expected).sum())} of {len(weights)} weights at the end are not the model's")
    moved = np.abs(learned - weights)
    if not moved.any():
        raise RuntimeError(f"{core}: no weight moved; there was nothing to compare")
    after = accuracy(classifier, learned.reshape(PIXELS, HIDDEN) * scale + offset, pixels, labels)
    print(
        f"after learning on the core: {int((moved > 0).sum())} of {len(weights)} weights moved, "
        f"mean {moved.mean() * scale:.4f} of a span of {2 * span:.2f}; first layer as learned {after:.4f}"
    )


if __name__ == "__main__":
    main()
