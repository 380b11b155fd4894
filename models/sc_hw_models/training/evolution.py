"""A genetic algorithm over the weights of spiking layers: elites stay, the rest are mutated children of tournaments.

Source: the generational scheme of Eiben and Smith, "Introduction to Evolutionary Computing" (2015), chapters 4 and 5: tournament
selection, uniform crossover, Gaussian mutation, elitism.
"""

import math
from collections.abc import Callable

import numpy as np

from ..checks import check_number, new_generator
from ..rule import ConfigError, check_integer

__all__ = ["SNNGeneticEvolver"]

Arrays = list[np.ndarray]
LayerFactory = Callable[[np.random.Generator], Arrays]
Fitness = Callable[[Arrays], float]


class SNNGeneticEvolver:
    """Evolves ``population_size`` (2..100000) individuals, each the weight arrays that ``layer_factory(generator)`` makes.

    ``fitness_func(weights)`` is to be large; NaN ranks last, an individual is judged once. ``mutation_rate`` (0..1) is the chance
    of each weight to change by a normal number of deviation ``mutation_scale`` (>= 0). The best ``elite_fraction`` (0..1,
    at least one individual) are kept as they are. Everything random comes from ``seed``. Errors: ``ConfigError``.
    """

    def __init__(
        self, layer_factory: LayerFactory, fitness_func: Fitness, population_size: int = 20, mutation_rate: float = 0.05,
        elite_fraction: float = 0.2, *, mutation_scale: float = 0.1, seed: int = 0,
    ) -> None:  # fmt: skip
        self.population_size = check_integer("population_size", population_size, 2, 100_000)
        self.mutation_rate = check_number("mutation_rate", mutation_rate, low=0, high=1)
        self.mutation_scale = check_number("mutation_scale", mutation_scale, low=0)
        self.elites = max(1, round(check_number("elite_fraction", elite_fraction, low=0, high=1) * population_size))
        self.fitness_func, self._generator = fitness_func, new_generator(seed)
        self.population = [
            [np.array(w, dtype=np.float64) for w in layer_factory(self._generator)] for _ in range(population_size)
        ]
        if not self.population[0] or any([w.shape for w in i] != [w.shape for w in self.population[0]] for i in self.population):
            raise ConfigError("layer_factory: makes no weights, or other shapes each time; allowed are the same arrays' shapes")
        self._judge([None] * population_size)

    @property
    def best(self) -> Arrays:
        """The fittest individual; the arrays themselves."""
        return self.population[0]

    @property
    def best_fitness(self) -> float:
        """The fitness of the best."""
        return self.fitness[0]

    def evolve(self, generations: int) -> list[float]:
        """Go on for ``generations`` >= 1 and return the best fitness after each; it never falls."""
        history = []
        for _ in range(check_integer("generations", generations, 1, 10**9)):
            elite = self.population[: self.elites]
            children = [self._child() for _ in range(self.population_size - self.elites)]
            self.population = [*elite, *children]
            self._judge([*self.fitness[: self.elites], *[None] * len(children)])
            history.append(self.best_fitness)
        return history

    def _child(self) -> Arrays:
        g = self._generator
        # Individuals are in the order of their fitness, so the smaller of two draws wins a tournament.
        first, second = (self.population[g.integers(0, self.population_size, 2).min()] for _ in range(2))
        child = [np.where(g.random(a.shape) < 0.5, a, b) for a, b in zip(first, second, strict=True)]
        for w in child:
            w += np.where(g.random(w.shape) < self.mutation_rate, g.normal(0.0, self.mutation_scale, w.shape), 0.0)
        return child

    def _judge(self, known: list[float | None]) -> None:
        """Put the population in the order of fitness, best first, NaN last."""
        fitness = [float(self.fitness_func(i)) if f is None else f for i, f in zip(self.population, known, strict=True)]
        order = sorted(
            range(len(fitness)), key=lambda k: (math.isnan(fitness[k]), -fitness[k] if fitness[k] == fitness[k] else 0)
        )
        self.population, self.fitness = [self.population[k] for k in order], [fitness[k] for k in order]
