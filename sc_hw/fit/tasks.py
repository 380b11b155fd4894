"""Tasks for ``sc-hw fit --tasks``: the data, then again with their pixels in other orders."""

import numpy as np

from .data import Samples

__all__ = ["task_samples"]


def task_samples(samples: Samples, tasks: int, seed: int) -> list[Samples]:
    """Return the samples of each task: the first are those given, each further task has one order of pixels of its own."""
    orders = [np.arange(samples.learned.shape[1])]
    orders += [np.random.default_rng([seed, 8 + task]).permutation(len(orders[0])) for task in range(1, tasks)]
    return [
        Samples(samples.learned[:, order], samples.learned_labels, samples.held_out[:, order], samples.held_out_labels)
        for order in orders
    ]
