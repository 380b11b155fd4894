"""From a trained network to layers that go on learning: importance, penalty, and a plasticity for each layer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..rule import ConfigError
from .ewc import ElasticPenalty, check_arrays
from .fisher import Network, Perceptron, fisher_diagonal
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
    """What a learner knows: tasks registered, the penalty at the weights as they are, each layer."""

    tasks: int
    penalty: float
    layers: tuple[LayerReport, ...]

    def summary(self) -> str:
        """Return a few lines of text."""
        lines = [f"{self.tasks} task{'' if self.tasks == 1 else 's'} registered, penalty {self.penalty:.6g}"]
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
        self, weights: Sequence[np.ndarray], layer_names: Sequence[str] | None = None, ewc_lambda: float = 1000.0,
        plasticity_rule: str = "stdp",
    ) -> None:  # fmt: skip
        if not len(weights) or any(np.size(weight) == 0 for weight in weights):
            raise ConfigError("weights: none, or an empty layer; give one array of weights for each layer")
        self._shapes = [np.shape(weight) for weight in weights]
        self.layer_names = [f"layer{k}" for k in range(len(weights))] if layer_names is None else list(layer_names)
        if len(self.layer_names) != len(weights) or len(set(self.layer_names)) != len(weights):
            raise ConfigError(f"layer_names={self.layer_names}: allowed are {len(weights)} different names, one for each layer")
        if plasticity_rule not in PLASTICITY_RULES:
            raise ConfigError(f"plasticity_rule={plasticity_rule!r}: not known; allowed are {', '.join(PLASTICITY_RULES)}")
        self.plasticity_rule, self.tasks = plasticity_rule, 0
        self.penalty = ElasticPenalty(self._shapes, ewc_lambda)
        self.update_weights(weights)

    @property
    def fisher(self) -> Arrays:
        """The Fisher information summed over the tasks registered, one array a layer."""
        return list(self.penalty.fisher)

    def update_weights(self, weights: Sequence[np.ndarray]) -> None:
        """Replace the weights; shapes as before, finite."""
        arrays = [np.array(weight, dtype=np.float64) for weight in weights]
        check_arrays("weights", arrays, self._shapes)
        self.weights = arrays

    def compute_fisher(
        self, inputs: np.ndarray, labels: np.ndarray | None = None, *, network: Network | None = None, kind: str = "exact",
        seed: int = 0,
    ) -> Arrays:  # fmt: skip
        """Return the diagonal of the Fisher information at the weights as they are; nothing is registered.

        ``network`` gives the squared gradients (default: the layers as a softmax perceptron); the rest as
        ``fisher_diagonal``.
        """
        return fisher_diagonal(network or Perceptron(), self.weights, inputs, labels, kind=kind, seed=seed)

    def register_task(self, fisher: Arrays) -> None:
        """Hold the weights where they are, each by its Fisher information, beside what earlier tasks hold."""
        self.penalty.add(fisher, self.weights)
        self.tasks += 1

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
            rates = (rate * float(np.mean(1 / (1 + rate * self.penalty.strength * fisher)))
                     for rate in (base.lr_potentiation, base.lr_depression))  # fmt: skip
            potentiation, depression = rates
            configs.append(PlasticityConfig(
                layer_name=name, rule=self.plasticity_rule, lr_potentiation=potentiation, lr_depression=depression,
                w_min=low, w_max=high if high > low else base.w_max,
            ))  # fmt: skip
        return configs

    def report(self) -> ContinualReport:
        """Return what is known of each layer."""
        layers = []
        for fisher, plasticity in zip(self.fisher, self.extract_plasticity_configs(), strict=True):
            largest, positive = float(fisher.max()), fisher[fisher > 0]
            octaves = float(np.log2(largest / positive.min())) if len(positive) else 0.0
            layers.append(LayerReport(name=plasticity.layer_name, weights=fisher.size, largest=largest, mean=float(fisher.mean()),
                                      octaves=octaves, plasticity=plasticity))  # fmt: skip
        return ContinualReport(tasks=self.tasks, penalty=self.ewc_penalty(), layers=tuple(layers))
