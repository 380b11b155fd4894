"""Training on one task after another, with what protects the earlier ones; it can be stopped after any epoch and resumed."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from ..checks import as_array, check_array, check_choice, check_instance, check_number, check_sizes, check_state
from ..rule import ConfigError, check_integer
from ..training.optimisers import SGD, Adam, Optimiser, protected_step
from .anchored import AnchoredPenalty
from .ewc import ElasticPenalty
from .fisher import Perceptron, fisher_diagonal
from .rehearsal import ReplayBuffer, distilled
from .si import SynapticIntelligence

__all__ = ["METHODS", "OPTIMISERS", "ContinualTrainer"]

METHODS = ("none", "ewc", "online_ewc", "si", "mas", "lwf", "replay", "joint")
OPTIMISERS = ("adam", "sgd")

Arrays = list[np.ndarray]
Samples = tuple[np.ndarray, np.ndarray]


class ContinualTrainer:
    """A perceptron (ReLU, softmax) with one output layer for all tasks, or one for each.

    ``sizes``: inputs, hidden layers, classes of an output layer. ``heads`` (1 or the number of tasks) is the number of output
    layers. With ``growth`` > 0 there is one, and only the classes of tasks begun count: so many more with each task.
    ``method``: ``none`` (fine-tuning); ``ewc`` and ``online_ewc`` (``decay``) with the exact Fisher information of
    ``fisher_samples`` inputs and ``strength`` lambda; ``si`` with ``strength`` c and ``damping`` xi; ``mas`` (``decay``); ``lwf``
    with ``strength`` of the distillation; ``replay`` of ``memory`` samples of each task; ``joint``, of all of them. A penalty
    acts by its gradient with ``adam`` and by a proximal step with ``sgd``. ``biases`` as in ``Perceptron``. Every task starts
    with a new optimiser. Everything random follows from ``seed``, task and epoch, so that a trainer restored from ``state`` goes
    on as if it had never stopped. Errors: ``ConfigError`` names the argument.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        heads: int = 1,
        *,
        growth: int = 0,
        method: str = "ewc",
        strength: float = 1.0,
        damping: float = 1e-3,
        decay: float = 1.0,
        memory: int = 200,
        optimiser: str = "adam",
        lr: float = 1e-3,
        batch: int = 64,
        fisher_samples: int = 2000,
        biases: bool = False,
        seed: int = 0,
    ) -> None:
        self.method, self.sizes = check_choice("method", method, METHODS), check_sizes("sizes", sizes)
        self.heads = check_integer("heads", heads, 1, 10_000)
        self.growth = check_integer("growth", growth, 0, self.sizes[-1])
        if self.growth and self.heads > 1:
            raise ConfigError(f"growth={growth}: goes with one output layer; allowed with heads={heads} is 0")
        self.seed = check_integer("seed", seed, 0, 2**63 - 1)
        self.lr, self.batch = check_number("lr", lr, above=0), check_integer("batch", batch, 1, 2**31 - 1)
        self.strength, self.decay = check_number("strength", strength, low=0), check_number("decay", decay, low=0, high=1)
        self.damping = check_number("damping", damping, above=0)
        self.fisher_samples = check_integer("fisher_samples", fisher_samples, 1, 2**31 - 1)
        self.memory = ReplayBuffer(None if method == "joint" else check_integer("memory", memory, 1, 2**31 - 1))
        self._new_optimiser = Adam if check_choice("optimiser", optimiser, OPTIMISERS) == "adam" else SGD
        self.optimiser: Optimiser = self._new_optimiser(self.lr)
        self.network, self.task, self.epoch = Perceptron("softmax", check_instance("biases", biases, bool)), 0, 0
        g = np.random.default_rng([self.seed, 0])
        layers = [*((m, n) for n, m in pairwise(self.sizes[:-1])), *[(self.sizes[-1], self.sizes[-2])] * self.heads]
        self.weights: Arrays = [g.uniform(-1.0, 1.0, (m, n + biases)) / n**0.5 for m, n in layers]
        shapes: list[tuple[int, ...]] = [w.shape for w in self.weights]
        self.penalty: ElasticPenalty | AnchoredPenalty | SynapticIntelligence | None = None
        if method == "ewc":
            self.penalty = ElasticPenalty(shapes, strength)
        elif method == "si":
            self.penalty = SynapticIntelligence(self.weights, strength=strength, damping=damping)
        elif method in ("online_ewc", "mas"):
            self.penalty = AnchoredPenalty(shapes, strength, decay)
        self.before: Arrays = [w.copy() for w in self.weights] if method == "lwf" else []  # as the last task left them

    @property
    def names(self) -> list[str]:
        """A name for each array of weights: ``hidden0``, ..., ``output0``, ..."""
        hidden = len(self.sizes) - 2
        return [*(f"hidden{k}" for k in range(hidden)), *(f"output{k}" for k in range(self.heads))]

    @property
    def importance(self) -> Arrays:
        """How much each weight matters for the tasks finished, one array a layer; zeros with a method that measures none."""
        if isinstance(self.penalty, ElasticPenalty):
            return list(self.penalty.fisher)
        return list(self.penalty.importance) if self.penalty else [np.zeros(w.shape) for w in self.weights]

    @property
    def classes(self) -> int:
        """How many classes of an output layer count now."""
        begun = max(1, self.task + (self.epoch > 0))
        return min(self.growth * begun, self.sizes[-1]) if self.growth else self.sizes[-1]

    def train_epoch(self, inputs: np.ndarray, labels: np.ndarray) -> float:
        """Learn once from each sample of the current task, ``(samples, inputs)`` and classes ``(samples,)``; return the loss."""
        if self.heads > 1:
            check_integer("task", self.task, 0, self.heads - 1)
        inputs, labels = self._checked(inputs, labels)
        if self.growth and labels.max() >= self.growth * (self.task + 1):
            allowed = self.growth * (self.task + 1)
            raise ConfigError(f"labels: up to {labels.max()}; allowed in task {self.task} are classes below {allowed}")
        generator = np.random.default_rng([self.seed, 1, self.task, self.epoch])
        order, total = generator.permutation(len(inputs)), 0.0
        self.epoch += 1  # from here on the classes of this task count
        for start in range(0, len(order), self.batch):
            chosen = order[start : start + self.batch]
            total += len(chosen) * self._step(inputs[chosen], labels[chosen], generator)
        return total / len(inputs)

    def finish_task(self, inputs: np.ndarray, labels: np.ndarray) -> None:
        """Protect what the current task has taught, and go on to the next."""
        inputs, labels = self._checked(inputs, labels)
        if isinstance(self.penalty, SynapticIntelligence):
            self.penalty.finish_task(self.weights)
        elif self.penalty:
            chosen = np.random.default_rng([self.seed, 2, self.task]).permutation(len(inputs))[: self.fisher_samples]
            weights = self._active(self.task, self.weights)
            if self.method == "mas":
                z = self.network.outputs(weights, inputs[chosen])
                found = [g / len(chosen) for g in self.network.absolute_gradients(weights, inputs[chosen], 2 * z)]
            else:
                found = fisher_diagonal(self.network, weights, inputs[chosen])
            self.penalty.add(self._whole(self.task, found), self.weights)
        self.remember(inputs, labels)
        for before, weight in zip(self.before, self.weights, strict=self.method == "lwf"):
            before[...] = weight
        self.task, self.epoch, self.optimiser = self.task + 1, 0, self._new_optimiser(self.lr)

    def remember(self, inputs: np.ndarray, labels: np.ndarray) -> None:
        """Keep samples of the next task in line for ``replay`` and ``joint``: what a restored trainer is to be given again."""
        if self.method in ("replay", "joint"):
            self.memory.keep(*self._checked(inputs, labels), [self.seed, 4, len(self.memory.tasks)])

    def predict(self, task: int, inputs: np.ndarray) -> np.ndarray:
        """Return the class of each sample, ``(samples,)``. Where there are heads, who asks must know the ``task``."""
        task = check_integer("task", task, 0, self.heads - 1 if self.heads > 1 else 2**31 - 1)
        inputs = check_array("inputs", inputs, (None, self.sizes[0]))
        return np.asarray(self.network.outputs(self._active(task, self.weights), inputs).argmax(axis=1))

    def accuracy(self, task: int, inputs: np.ndarray, labels: np.ndarray) -> float:
        """Return the fraction of a task's samples that ``predict`` gets right."""
        inputs, labels = self._checked(inputs, labels)
        return float((self.predict(task, inputs) == labels).mean())

    @property
    def state(self) -> dict[str, np.ndarray]:
        """Everything that training has changed but the samples kept, as named arrays; copy them if training goes on."""
        groups = self._groups() | {"optimiser": self.optimiser.state}
        arrays = {f"{group}{k}": array for group, arrays in groups.items() for k, array in enumerate(arrays)}
        return arrays | {"progress": np.array([self.task, self.epoch])}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from a ``state`` of a trainer with the same arguments; then ``remember`` each finished task, in order.

        Errors: ``ConfigError`` names what is missing or of another shape; nothing is changed then.
        """
        own = {f"{group}{k}": array for group, arrays in self._groups().items() for k, array in enumerate(arrays)}
        check_state("state", state, [*own, "progress"])
        given = {name: check_array(f"state {name}", state[name], array.shape) for name, array in own.items()}
        progress = check_array("state progress", state["progress"], (2,))
        if (progress < 0).any() or (progress != progress.round()).any():
            raise ConfigError(f"state progress: {progress.tolist()} given; allowed are a task and an epoch, whole numbers from 0")
        numbers = range(sum(name.startswith("optimiser") for name in state))
        check_state("state", state, [f"optimiser{k}" for k in numbers])
        shapes = [w.shape for w in self.weights]
        wanted = [*shapes, *shapes, ()] if self._new_optimiser is Adam else shapes
        if numbers and len(numbers) != len(wanted):
            raise ConfigError(f"state: {len(numbers)} arrays of the optimiser given; allowed are none and {len(wanted)}")
        kept = [np.array(check_array(f"state optimiser{k}", state[f"optimiser{k}"], wanted[k])) for k in numbers]
        if any((array < 0).any() for array in kept[len(shapes) :]):  # second moments and the number of steps
            raise ConfigError("state optimiser: negative second moments or steps; allowed are what a trainer's state has")
        for name, array in own.items():
            array[...] = given[name]
        self.optimiser = self._new_optimiser(self.lr)
        self.optimiser.state = kept
        self.task, self.epoch = (int(n) for n in progress)
        self.memory.tasks.clear()

    def _groups(self) -> dict[str, Arrays]:
        kept = {"before": self.before} if self.before else {}
        return {"weights": self.weights} | (self.penalty.arrays if self.penalty else {}) | kept

    def _layers(self, task: int) -> list[int]:
        """Return the layers a task uses: the hidden ones and its output layer."""
        hidden = len(self.sizes) - 2
        return [*range(hidden), hidden + (task if self.heads > 1 else 0)]

    def _active(self, task: int, weights: Arrays, classes: int | None = None) -> Arrays:
        """Return those of the weights that a task uses; of the output layer the classes that count."""
        arrays = [weights[k] for k in self._layers(task)]
        return [*arrays[:-1], arrays[-1][: self.classes if classes is None else classes]]

    def _whole(self, task: int, found: Arrays) -> Arrays:
        """Return arrays of a task's active weights as arrays of all weights, 0 elsewhere."""
        given = dict(zip(self._layers(task), found, strict=True))
        result = []
        for k, weight in enumerate(self.weights):
            array = given.get(k, np.zeros((0, weight.shape[1])))
            missing = len(weight) - len(array)
            result.append(np.vstack([array, np.zeros((missing, weight.shape[1]))]) if missing else array)
        return result

    def _step(self, inputs: np.ndarray, labels: np.ndarray, generator: np.random.Generator) -> float:
        loss, found = self.network.loss_gradient(self._active(self.task, self.weights), inputs, labels)
        gradients = self._whole(self.task, found)
        old = len(self.memory.tasks)
        for task in range(old):
            drawn = self.memory.draw(task, len(inputs), generator)
            _, again = self.network.loss_gradient(self._active(task, self.weights), *drawn)
            gradients = [g + a for g, a in zip(gradients, self._whole(task, again), strict=True)]
        if old:
            gradients = [g / (old + 1) for g in gradients]  # the new task and each old one count alike
        if self.method == "lwf" and self.task:
            counted = self.growth * self.task or self.sizes[-1]  # the classes that counted then
            for task in range(self.task) if self.heads > 1 else (self.task - 1,):
                before, now = (self._active(task, weights, counted) for weights in (self.before, self.weights))
                _, pull = distilled(self.network, before, now, inputs)
                gradients = [g + self.strength * p for g, p in zip(gradients, self._whole(task, pull), strict=True)]
        protected_step(self.optimiser, self.weights, gradients, self.penalty)
        return loss

    def _checked(self, inputs: np.ndarray, labels: np.ndarray) -> Samples:
        inputs, labels = check_array("inputs", inputs, (None, self.sizes[0])), as_array("labels", labels)
        good = labels.shape == (len(inputs),) and labels.dtype.kind in "iu"
        if not good or labels.min() < 0 or labels.max() >= self.sizes[-1]:
            raise ConfigError(
                f"labels: {labels.dtype} of shape {labels.shape}; allowed are {len(inputs)} classes 0..{self.sizes[-1] - 1}"
            )
        return inputs, labels
