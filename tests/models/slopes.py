"""Weights and inputs at random, and slopes by finite differences."""

import numpy as np

SHAPES = [[(3, 5)], [(4, 5), (3, 4)]]


def network(shapes, seed=0):
    g = np.random.default_rng(seed)
    return [g.normal(0, 0.7, shape) for shape in shapes], g.normal(0, 1, (6, 5)), g


def slope(function, arrays, step=1e-5):
    """Central finite differences of a scalar function of several arrays."""
    result = [np.zeros(a.shape) for a in arrays]
    for layer, array in enumerate(arrays):
        for index in np.ndindex(array.shape):
            sides = []
            for sign in (1, -1):
                moved = [a.copy() for a in arrays]
                moved[layer][index] += sign * step
                sides.append(function(moved))
            result[layer][index] = (sides[0] - sides[1]) / (2 * step)
    return result


def log_likelihood(likelihood, weights, x, label):
    """Written out for one sample, without the module's own forward pass."""
    z = x
    for layer, weight in enumerate(weights):
        z = weight @ (np.maximum(z, 0) if layer else z)
    if likelihood == "softmax":
        return z[label] - np.log(np.exp(z).sum())
    return float(np.sum(np.where(label, -np.log1p(np.exp(-z)), -np.log1p(np.exp(z)))))
