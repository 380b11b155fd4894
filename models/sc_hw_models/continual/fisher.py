"""The diagonal of the Fisher information: how much each weight matters for what a network has learned.

F_i = E_x E_y~p(y|x) (d log p(y|x) / d w_i)^2, the mean over inputs of squared per-sample gradients. ``exact`` takes the
inner mean over the network's own answers in closed form, ``sampled`` over one drawn answer for each input, and ``empirical``
puts the true label in its place, which is another quantity: it vanishes where the network is right and sure.

Sources: Kirkpatrick et al., PNAS 114 (2017); Kunstner, Balles and Hennig, "Limitations of the empirical Fisher
approximation for natural gradient descent", NeurIPS 2019.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol, runtime_checkable

import numpy as np

from ..checks import as_array, check_all, check_array, check_choice, check_instance, new_generator
from ..rule import ConfigError

__all__ = [
    "FISHER_KINDS",
    "LIKELIHOODS",
    "Classifier",
    "Perceptron",
    "check_layout",
    "fisher_diagonal",
    "likelihood_probabilities",
]

LIKELIHOODS = ("softmax", "logistic")
FISHER_KINDS = ("exact", "sampled", "empirical")
_BATCH = 256  # samples worked on at once

Arrays = list[np.ndarray]


@runtime_checkable
class Classifier(Protocol):
    """What ``fisher_diagonal`` asks of a network with outputs z and probabilities p; inputs are ``(samples, ...)``.

    ``likelihood`` is ``softmax`` (one label of C) or ``logistic`` (C labels, each 0 or 1); for both
    d log p(y) / dz = y - p, so that the network need only carry such an output error back to its weights.
    """

    @property
    def likelihood(self) -> str:
        """``softmax`` or ``logistic``."""

    def probabilities(self, weights: Arrays, inputs: np.ndarray) -> np.ndarray:
        """Return p, ``(samples, C)``, each 0..1."""

    def squared_gradients(self, weights: Arrays, inputs: np.ndarray, errors: np.ndarray) -> Arrays:
        """Return for each layer the sum over samples of the squared gradient of ``sum_c errors_c z_c``."""


@dataclass(frozen=True)
class Perceptron:
    """A network given as weight arrays ``(outputs, inputs)``, one a layer, with ReLU between them.

    With ``biases`` each array has a column more, the last: the weight of an input that is always 1.
    Errors: ``ConfigError`` for an unknown likelihood.
    """

    likelihood: str = "softmax"
    biases: bool = False

    def __post_init__(self) -> None:
        check_choice("likelihood", self.likelihood, LIKELIHOODS)

    def probabilities(self, weights: Arrays, inputs: np.ndarray) -> np.ndarray:
        """Return p, ``(samples, outputs)``."""
        return likelihood_probabilities(self.likelihood, self.outputs(weights, inputs))

    def outputs(self, weights: Arrays, inputs: np.ndarray) -> np.ndarray:
        """Return z, ``(samples, outputs)``. Errors: ``ConfigError`` where it is not finite, of which nothing can be said."""
        z = self._activities(weights, inputs)[-1]
        if not np.isfinite(z).all():
            raise ConfigError("inputs: an output that is not finite; give smaller ones, or smaller weights")
        return z

    def output_gradient(self, weights: Arrays, inputs: np.ndarray, errors: np.ndarray) -> Arrays:
        """Return the gradient of a loss whose gradient for the outputs is ``errors``, summed over samples."""
        return [error.T @ activity for error, activity in self._backward(weights, inputs, errors)]

    def absolute_gradients(self, weights: Arrays, inputs: np.ndarray, errors: np.ndarray) -> Arrays:
        """Return the sum over samples of the size of each gradient of ``sum_c errors_c z_c``."""
        return [np.abs(error).T @ np.abs(activity) for error, activity in self._backward(weights, inputs, errors)]

    def squared_gradients(self, weights: Arrays, inputs: np.ndarray, errors: np.ndarray) -> Arrays:
        """Return the sum over samples of each squared gradient: a product, because a sample's gradient is an outer product."""
        return [np.square(error).T @ np.square(activity) for error, activity in self._backward(weights, inputs, errors)]

    def loss_gradient(self, weights: Arrays, inputs: np.ndarray, labels: np.ndarray) -> tuple[float, Arrays]:
        """Return the mean of -log p(label) over samples of a ``softmax`` network, and its gradient; labels ``(samples,)``."""
        p = self.probabilities(weights, inputs)
        labels = as_array("labels", labels)
        if labels.shape != p.shape[:1] or labels.dtype.kind not in "iu" or not ((labels >= 0) & (labels < p.shape[1])).all():
            raise ConfigError(f"labels: {labels.dtype} of shape {labels.shape}; allowed are {len(p)} classes 0..{p.shape[1] - 1}")
        truth = np.eye(p.shape[1])[labels]
        loss = -float(np.log(np.maximum((p * truth).sum(axis=1), 1e-300)).mean())
        return loss, self.output_gradient(weights, inputs, (p - truth) / len(p))

    def _backward(self, weights: Arrays, inputs: np.ndarray, errors: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return for each layer the errors at its outputs and what it was given, ``(samples, n)`` each."""
        activities = self._activities(weights, inputs)
        errors = check_array("errors", errors, activities[-1].shape)
        result: list[tuple[np.ndarray, np.ndarray]] = []
        for layer, weight, activity in zip(range(len(weights))[::-1], reversed(weights), reversed(activities[:-1]), strict=True):
            result.insert(0, (errors, activity))
            if not layer:  # nobody asks for errors of the inputs
                break
            back = errors @ weight
            errors = (back[:, :-1] if self.biases else back) * (activity[:, : activity.shape[1] - self.biases] > 0)
        return result

    def _activities(self, weights: Arrays, inputs: np.ndarray) -> Arrays:
        """Return what each layer is given, and the outputs."""
        inputs = as_array("inputs", inputs)
        check_layout(weights, inputs.shape, self.biases)
        activities = [self._with_one(check_array("inputs", inputs, inputs.shape))]
        for layer, weight in enumerate(weights):
            z = activities[-1] @ weight.T
            activities.append(z if layer == len(weights) - 1 else self._with_one(np.maximum(z, 0.0)))
        return activities

    def _with_one(self, activity: np.ndarray) -> np.ndarray:
        return np.hstack([activity, np.ones((len(activity), 1))]) if self.biases else activity


def check_layout(weights: Arrays, inputs: tuple[int, ...], biases: int = 0) -> None:
    """Refuse by ``ConfigError`` weights that are not ``(outputs, inputs)`` of one another, or inputs of another shape.

    With ``biases`` each layer takes one input more, which is 1.
    """
    shapes = [weight.shape for weight in check_all("weights", weights, np.ndarray)]
    if not shapes:
        raise ConfigError("weights: none; allowed is a list with an array for each layer")
    if any(len(shape) != 2 for shape in shapes):
        raise ConfigError(f"weights: shapes {shapes} given; allowed is (outputs, inputs) for each layer")
    shapes = [(shape[0], shape[1] - biases) for shape in shapes]

    def fits(layout: list[tuple[int, ...]]) -> bool:
        joined = all(before[0] == after[1] for before, after in pairwise(layout))
        return joined and len(inputs) == 2 and inputs[1] == layout[0][1]

    if fits(shapes):
        return
    if fits([shape[::-1] for shape in shapes]):
        raise ConfigError(
            f"weights: shapes {shapes} given, which are (inputs, outputs) of inputs {inputs}; allowed is "
            "(outputs, inputs) for each layer: transpose every array"
        )
    for layer, (before, after) in enumerate(pairwise(shapes), 1):
        if before[0] != after[1]:
            raise ConfigError(
                f"weights: layer {layer} of shape {after} takes {after[1]} inputs, the layer before it of shape "
                f"{before} has {before[0]} outputs; allowed is (outputs, inputs) for each layer"
            )
    raise ConfigError(
        f"inputs: shape {inputs} given; allowed is (samples, {shapes[0][1]}), because the first layer's weights, "
        f"(outputs, inputs), have shape {shapes[0]}"
    )


def fisher_diagonal(
    network: Classifier,
    weights: Arrays,
    inputs: np.ndarray,
    labels: np.ndarray | None = None,
    *,
    kind: str = "exact",
    seed: int = 0,
) -> Arrays:
    """Return the diagonal of the Fisher information, one array in the shape of each layer.

    ``inputs`` is ``(samples, ...)``, as the network takes them. ``empirical`` needs ``labels``: for ``softmax`` the class of
    each sample, ``(samples,)``; for ``logistic`` 0 or 1 for each output, ``(samples, C)``. ``sampled`` draws its labels from
    ``seed``. Errors: ``ConfigError`` for an unknown kind, no samples, or labels that are missing or of another shape.
    """
    check_choice("kind", kind, FISHER_KINDS)
    check_instance("network", network, Classifier)  # type: ignore[type-abstract]
    if not check_all("weights", weights, np.ndarray):
        raise ConfigError("weights: none; allowed is a list with an array for each layer")
    labels = None if labels is None or kind != "empirical" else as_array("labels", labels)  # others do not use them
    inputs = check_array("inputs", inputs, (None,) * max(2, np.ndim(as_array("inputs", inputs))))
    outputs = network.probabilities(weights, inputs[:1]).shape[1]
    wanted = (len(inputs), *((outputs,) if network.likelihood == "logistic" else ()))
    if kind == "empirical":
        if labels is None or np.shape(labels) != wanted:
            raise ConfigError(f"labels: shape {None if labels is None else np.shape(labels)} given; allowed is {wanted}")
        classes = outputs if network.likelihood == "softmax" else 2
        if not np.isin(labels, np.arange(classes)).all():
            raise ConfigError(f"labels: allowed are integers 0..{classes - 1}")
    generator = new_generator(seed)
    total = [np.zeros(weight.shape) for weight in weights]
    for start in range(0, len(inputs), _BATCH):
        batch = slice(start, start + _BATCH)
        p = network.probabilities(weights, inputs[batch])
        truth = None if labels is None else np.asarray(labels)[batch]
        for errors in _errors(network.likelihood, kind, p, truth, generator):
            for sum_, squares in zip(total, network.squared_gradients(weights, inputs[batch], errors), strict=True):
                sum_ += squares
    if not all(np.isfinite(sum_).all() for sum_ in total):
        raise ConfigError("inputs: so large, or the weights, that the Fisher information is not finite; allowed are smaller ones")
    return [sum_ / len(inputs) for sum_ in total]


def likelihood_probabilities(likelihood: str, z: np.ndarray) -> np.ndarray:
    """Return p of outputs z ``(samples, C)``. Errors: ``ConfigError`` where they are not finite."""
    if not np.isfinite(z).all():
        raise ConfigError("inputs: so large, or the weights, that outputs are not finite; allowed are smaller ones")
    if likelihood == "logistic":
        return np.asarray(0.5 * (1 + np.tanh(z / 2)))
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))


def _errors(
    likelihood: str, kind: str, p: np.ndarray, labels: np.ndarray | None, generator: np.random.Generator
) -> Iterator[np.ndarray]:
    """Yield output errors ``(samples, C)`` whose squared gradients add up to each sample's Fisher information."""
    classes = np.eye(p.shape[1])
    if likelihood == "softmax":
        if kind == "exact":  # sum_c p_c (d log p_c / dw)^2
            yield from (np.sqrt(p[:, [c]]) * (classes[c] - p) for c in range(len(classes)))
            return
        drawn = (p.cumsum(axis=1) < generator.random((len(p), 1))).sum(axis=1).clip(max=len(classes) - 1)
        yield classes[drawn if kind == "sampled" else labels] - p
    elif kind == "exact":  # independent outputs: the variances p(1-p) of the labels, each carried back alone, add up
        yield from (np.sqrt(p * (1 - p)) * classes[c] for c in range(len(classes)))
    else:
        yield (generator.random(p.shape) < p if kind == "sampled" else np.asarray(labels)) - p
