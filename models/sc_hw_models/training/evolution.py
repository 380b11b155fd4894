"""A genetic algorithm over the weights of spiking layers: elites stay, the rest are mutated children of tournaments.

Source: the generational scheme of Eiben and Smith, "Introduction to Evolutionary Computing" (2015), chapters 4 and 5: tournament
selection, uniform crossover, Gaussian mutation, elitism.
"""

import copy
import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..checks import check_all, check_array, check_callable, check_number, check_state, new_generator
from ..errors import shown
from ..rule import ConfigError, check_integer

__all__ = ["SNNGeneticEvolver"]

Arrays = list[np.ndarray]
Individual = Any  # an array, a list of arrays, or an object whose ``weights`` are one of these


class SNNGeneticEvolver:
    """Evolves ``population_size`` (2..100000) individuals, each made by ``layer_factory()`` or ``layer_factory(generator)``.

    An individual is an array of weights, a list of such arrays, or an object that has them as ``weights``: a layer, a
    ``Network``. ``fitness_func(individual)`` is to be large; NaN ranks last, an individual is judged once. ``mutation_rate``
    (0..1) is the chance of each weight to change by a normal number of deviation ``mutation_scale`` (>= 0). The best
    ``elite_fraction`` (0..1, at least one individual) are kept as they are. Everything random but the factory without a
    generator comes from ``seed``. ``history`` has the best fitness after each generation. Errors: ``ConfigError``.
    """

    def __init__(
        self,
        layer_factory: Callable[..., Individual],
        fitness_func: Callable[[Individual], float],
        population_size: int = 20,
        mutation_rate: float = 0.05,
        elite_fraction: float = 0.2,
        *,
        mutation_scale: float = 0.1,
        seed: int = 0,
    ) -> None:
        self.population_size = check_integer("population_size", population_size, 2, 100_000)
        self.mutation_rate = check_number("mutation_rate", mutation_rate, low=0, high=1)
        self.mutation_scale = check_number("mutation_scale", mutation_scale, low=0)
        self.elites = max(1, round(check_number("elite_fraction", elite_fraction, low=0, high=1) * self.population_size))
        self._generator = new_generator(seed)
        check_callable("fitness_func", fitness_func, "individual")
        self.fitness_func = fitness_func
        given = (self._generator,) if callable(layer_factory) and _takes_one(layer_factory) else ()
        check_callable("layer_factory", layer_factory, *["generator"] * len(given))
        self.population = [layer_factory(*given) for _ in range(self.population_size)]
        shapes = [[w.shape for w in _weights(individual)] for individual in self.population]
        if not shapes[0] or any(other != shapes[0] for other in shapes):
            raise ConfigError("layer_factory: makes no weights, or other shapes each time; allowed are the same arrays' shapes")
        self.history: list[float] = []
        self.fitness: list[float] = []
        self._judge([None] * self.population_size)

    @property
    def best(self) -> Individual:
        """The fittest individual itself, no copy."""
        return self.population[0]

    @property
    def best_fitness(self) -> float:
        """The fitness of the best."""
        return self.fitness[0]

    def evolve(self, generations: int) -> Individual:
        """Go on for ``generations`` >= 1 and return the best individual; its fitness never falls."""
        for _ in range(check_integer("generations", generations, 1, 10**9)):
            elite = self.population[: self.elites]
            children = [self._child() for _ in range(self.population_size - self.elites)]
            self.population = [*elite, *children]
            self._judge([*self.fitness[: self.elites], *[None] * len(children)])
            self.history.append(self.best_fitness)
        return self.best

    @property
    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps: weights, fitness, history and the generator's state; copies."""
        weights = [[w.copy() for w in _weights(individual)] for individual in self.population]
        return {
            "weights": weights,
            "fitness": list(self.fitness),
            "history": list(self.history),
            "generator": self._generator.bit_generator.state,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a ``state`` of an evolver with the same arguments, as if it had never stopped.

        Errors: ``ConfigError`` names what is missing or of another shape; nothing is changed then.
        """
        check_state("state", state, ("weights", "fitness", "history", "generator"))
        weights, fitness = check_all("state weights", state["weights"], list), check_all("state fitness", state["fitness"], float)
        history = check_all("state history", state["history"], float)
        for name, count in (("weights", len(weights)), ("fitness", len(fitness))):
            if count != self.population_size:
                raise ConfigError(f"state {name}: of {count} individuals; allowed are {self.population_size}")
        for individual, arrays in zip(self.population, weights, strict=True):
            shapes, kept = [w.shape for w in _weights(individual)], check_all("state weights", arrays, np.ndarray)
            if [w.shape for w in kept] != shapes:
                raise ConfigError(f"state weights: shapes {[w.shape for w in kept]} of an individual; allowed are {shapes}")
            for array in kept:
                check_array("state weights", array, array.shape)
        try:
            np.random.default_rng(0).bit_generator.state = state["generator"]
        except (TypeError, ValueError, KeyError, OverflowError) as error:
            raise ConfigError("state generator: no state of this generator; allowed is what an evolver's state has") from error
        for individual, arrays in zip(self.population, weights, strict=True):
            for w, array in zip(_weights(individual), arrays, strict=True):
                w[...] = array
        self.fitness, self.history = fitness, history
        self._generator.bit_generator.state = state["generator"]

    def _child(self) -> Individual:
        g = self._generator
        # Individuals are in the order of their fitness, so the smaller of two draws wins a tournament.
        first, second = (self.population[g.integers(0, self.population_size, 2).min()] for _ in range(2))
        child = copy.deepcopy(first)
        for w, other in zip(_weights(child), _weights(second), strict=True):
            w[...] = np.where(g.random(w.shape) < 0.5, w, other)
        for w in _weights(child):
            w += np.where(g.random(w.shape) < self.mutation_rate, g.normal(0.0, self.mutation_scale, w.shape), 0.0)
        return child

    def _judge(self, known: list[float | None]) -> None:
        """Put the population in the order of fitness, best first, NaN last."""
        fitness = [self._fitness(i) if f is None else f for i, f in zip(self.population, known, strict=True)]
        order = sorted(
            range(len(fitness)), key=lambda k: (math.isnan(fitness[k]), -fitness[k] if fitness[k] == fitness[k] else 0)
        )
        self.population, self.fitness = [self.population[k] for k in order], [fitness[k] for k in order]

    def _fitness(self, individual: Individual) -> float:
        value = self.fitness_func(individual)
        if isinstance(value, str | bool | bytes) or np.ndim(value) or np.asarray(value).dtype.kind not in "fiu":
            raise ConfigError(f"fitness_func: {shown(value)} returned; allowed are numbers, and NaN, which ranks last")
        return float(value)


def _takes_one(factory: Callable[..., Individual]) -> bool:
    """Return whether a factory wants an argument: the generator."""
    try:
        parameters = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):
        return False
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return any(p.kind in kinds and p.default is inspect.Parameter.empty for p in parameters)


def _weights(individual: Individual) -> Arrays:
    """Return the arrays of an individual themselves, to be changed in place."""
    held = getattr(individual, "weights", individual)
    arrays: list[Any] = list(held) if isinstance(held, list | tuple) else [held]
    if not all(
        isinstance(w, np.ndarray) and w.dtype == np.float64 and w.flags.writeable and np.isfinite(w).all() for w in arrays
    ):
        raise ConfigError(
            f"layer_factory: {type(individual).__name__} made; allowed are finite float64 arrays, lists of them, "
            "and objects whose weights are such"
        )
    return arrays
