"""From a trained network to layers that go on learning: importance, penalty, and a plasticity for each layer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..checks import as_array, check_all, check_choice, check_number
from ..rule import ConfigError
from .ewc import ElasticPenalty, check_arrays
from .fisher import Classifier, Perceptron, check_layout, fisher_diagonal
from .plasticity import PLASTICITY_RULES, PlasticityConfig

__all__ = ["ContinualLearner", "ContinualReport", "LayerReport"]

Arrays = list[np.ndarray]


@dataclass(frozen=True, kw_only=True)
class LayerReport:
    """One layer: its name, its number of weights, and its importance (largest, mean, octaves from largest to smallest)."""

    name: str
    weights: int
    largest: float
    mean: float
    octaves: float
    plasticity: PlasticityConfig


@dataclass(frozen=True, kw_only=True)
class ContinualReport:
    """What a learner knows: tasks registered, the accuracy each had then, the penalty at the weights as they are, each layer."""

    tasks: int
    accuracies: tuple[float, ...]
    penalty: float
    layers: tuple[LayerReport, ...]

    def summary(self) -> str:
        """Return a few lines of text."""
        lines = [f"{self.tasks} task{'' if self.tasks == 1 else 's'} registered, penalty {self.penalty:.6g}"]
        lines += [f"  task {number}: accuracy {accuracy:.4f}" for number, accuracy in enumerate(self.accuracies)]
        lines += [
            f"  {layer.name}: {layer.weights} weights, importance up to {layer.largest:.3g} (mean {layer.mean:.3g}, "
            f"{layer.octaves:.1f} octaves), {layer.plasticity.rule}, potentiation {layer.plasticity.lr_potentiation:.3g}, "
            f"depression {layer.plasticity.lr_depression:.3g}"
            for layer in self.layers
        ]
        return "\n".join(lines)


class ContinualLearner:
    """Keeps what earlier tasks need of each weight and tells what plasticity it leaves.

    Parameters: ``weights``, one float array a layer, each with at least one weight; ``layer_names`` (default ``layer0``,
    ``layer1``, ...), unique; ``ewc_lambda`` >= 0, the strength of the penalty; ``plasticity_rule``, the rule of the
    extracted configurations. ``weights`` are copied; ``update_weights`` replaces them.
    Errors: ``ConfigError`` names what cannot be used.
    """

    def __init__(
        self,
        weights: Sequence[np.ndarray],
        layer_names: Sequence[str] | None = None,
        ewc_lambda: float = 1000.0,
        plasticity_rule: str = "stdp",
    ) -> None:
        if not isinstance(weights, list | tuple) or not len(weights) or any(as_array("weights", w).size == 0 for w in weights):
            raise ConfigError("weights: no list, none, or an empty layer; give a list with one array of weights for each layer")
        self._shapes = [np.shape(weight) for weight in weights]
        names = [f"layer{k}" for k in range(len(weights))] if layer_names is None else check_all("layer_names", layer_names, str)
        if len(names) != len(weights) or len(set(names)) != len(weights):
            raise ConfigError(f"layer_names={names}: allowed are {len(weights)} different names, one for each layer")
        self.layer_names, self.plasticity_rule = names, check_choice("plasticity_rule", plasticity_rule, PLASTICITY_RULES)
        self.accuracies: list[float] = []
        self._measured: Arrays | None = None
        self.penalty = ElasticPenalty(self._shapes, check_number("ewc_lambda", ewc_lambda, low=0))
        self.update_weights(weights)

    @property
    def fisher(self) -> Arrays:
        """The Fisher information summed over the tasks registered, one array a layer."""
        return list(self.penalty.fisher)

    @property
    def tasks(self) -> int:
        """How many tasks are registered."""
        return len(self.accuracies)

    def update_weights(self, new_weights: Sequence[np.ndarray]) -> None:
        """Replace the weights; shapes as before, finite."""
        check_arrays("new_weights", list(new_weights) if isinstance(new_weights, tuple) else new_weights, self._shapes)  # type: ignore[arg-type]
        self.weights = [np.array(weight, dtype=np.float64) for weight in new_weights]

    def compute_fisher(self, gradients_per_sample: Sequence[Sequence[np.ndarray]]) -> None:
        """Take the mean of the squares of log-likelihood gradients, ``[sample][layer]``, as the diagonal of the current task.

        That is the empirical Fisher information if the gradients are those of the true labels, and the one meant by EWC if
        the labels were drawn from the network's own answers: which it is, is the caller's choice.
        """
        if isinstance(gradients_per_sample, np.ndarray) and gradients_per_sample.ndim == 2:  # what the inputs look like
            check_layout(self.weights, gradients_per_sample.shape)
            raise ConfigError(
                f"gradients_per_sample: an array of shape {gradients_per_sample.shape} given; allowed is a list "
                f"with an array a layer for each sample, of the weights' shapes {self._shapes}, (outputs, inputs); "
                "inputs go to measure_fisher"
            )
        if not isinstance(gradients_per_sample, list | tuple) or not len(gradients_per_sample):
            raise ConfigError("gradients_per_sample: no list, or no samples; give a list of arrays, one a layer, for each sample")
        total = [np.zeros(shape) for shape in self._shapes]
        for sample in gradients_per_sample:
            check_arrays("gradients_per_sample", sample, self._shapes)
            for sum_, gradient in zip(total, sample, strict=True):
                sum_ += np.square(gradient)
        self._measured = [sum_ / len(gradients_per_sample) for sum_ in total]

    def measure_fisher(
        self,
        inputs: np.ndarray,
        labels: np.ndarray | None = None,
        *,
        network: Classifier | None = None,
        kind: str = "exact",
        seed: int = 0,
    ) -> Arrays:
        """Take the diagonal of the Fisher information at the weights as they are as that of the current task, and return it.

        ``network`` gives the squared gradients (default: the layers as a softmax perceptron); the rest as
        ``fisher_diagonal``.
        """
        self._measured = fisher_diagonal(
            Perceptron() if network is None else network, self.weights, inputs, labels, kind=kind, seed=seed
        )
        return self._measured

    def register_task(self, accuracy: float, *, importance: Arrays | None = None) -> None:
        """Hold the weights where they are, each by the diagonal taken last, beside what earlier tasks hold.

        ``accuracy`` (0..1) of the task now, for the report. ``importance``, finite and at least 0, takes the diagonal's place.
        Errors: ``ConfigError`` when there is neither.
        """
        accuracy = check_number("accuracy", accuracy, low=0, high=1)
        held = self._measured if importance is None else importance
        if held is None:
            raise ConfigError(
                "register_task: nothing measured since the last task; call compute_fisher or measure_fisher first, "
                "or give importance"
            )
        check_arrays("importance", held, self._shapes)
        self.penalty.add(held, self.weights)
        self.accuracies.append(float(accuracy))
        self._measured = None

    def ewc_penalty(self) -> float:
        """Return lambda/2 sum F (w - w*)^2 over all registered tasks, at the weights as they are."""
        return self.penalty.value(self.weights)

    def ewc_gradient(self) -> Arrays:
        """Return the penalty's gradient at the weights as they are."""
        return self.penalty.gradient(self.weights)

    def extract_plasticity_configs(self) -> list[PlasticityConfig]:
        """Return a plasticity for each layer, slower the more its weights matter.

        A step of size eta taken on the task and, implicitly, on the penalty divides the weight's change by
        1 + eta lambda F_i; a layer's learning rates are the defaults times the mean of that factor over its weights.
        The weight range is that of the layer's weights, widened to hold 0.
        """
        configs = []
        for name, weight, fisher in zip(self.layer_names, self.weights, self.fisher, strict=True):
            base = PlasticityConfig(layer_name=name, rule=self.plasticity_rule)
            low, high = min(0.0, float(weight.min())), max(0.0, float(weight.max()))
            rates = (
                rate * float(np.mean(1 / (1 + rate * self.penalty.strength * fisher)))
                for rate in (base.lr_potentiation, base.lr_depression)
            )
            potentiation, depression = rates
            configs.append(
                PlasticityConfig(
                    layer_name=name,
                    rule=self.plasticity_rule,
                    lr_potentiation=potentiation,
                    lr_depression=depression,
                    w_min=low,
                    w_max=high if high > low else base.w_max,
                )
            )
        return configs

    def report(self) -> ContinualReport:
        """Return what is known of each layer."""
        layers = []
        for fisher, plasticity in zip(self.fisher, self.extract_plasticity_configs(), strict=True):
            largest, positive = float(fisher.max()), fisher[fisher > 0]
            octaves = float(np.log2(largest / positive.min())) if len(positive) else 0.0
            layers.append(
                LayerReport(
                    name=plasticity.layer_name,
                    weights=fisher.size,
                    largest=largest,
                    mean=float(fisher.mean()),
                    octaves=octaves,
                    plasticity=plasticity,
                )
            )
        return ContinualReport(
            tasks=self.tasks, accuracies=tuple(self.accuracies), penalty=self.ewc_penalty(), layers=tuple(layers)
        )
