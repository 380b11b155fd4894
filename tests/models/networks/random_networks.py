"""Random networks small enough for plain Python: every form, rule, code, way back and width."""

import numpy as np

from sc_hw_models.networks import read_network

__all__ = ["network", "samples"]


def network(seed, form=None):
    """Return the spec of a random network, of the given form."""
    generator = np.random.default_rng(seed)

    def one_of(*values):
        return values[int(generator.integers(len(values)))]

    form = form or one_of("counting", "stepping")
    sides = one_of(None, (4, 6, 0, 1), (6, 6, 1, 2), (8, 4, 0, 4), (5, 5, 1, 1))
    size = int(generator.integers(2, 20))
    code = "constant" if form == "counting" else one_of("constant", "poisson", "latency")
    source = {"rule": "input", "bias": one_of(0, 1, 16), "code": code}
    if sides:
        height, width, crop, pool = sides
        size = (height - 2 * crop) // pool * ((width - 2 * crop) // pool)
        source |= {"height": height, "width": width, "crop": crop, "pool": pool, "jitter": one_of(0, 1, 2)}
    populations = {"pixels": source | {"size": size}}
    projections = {}
    before, layers, outputs = "pixels", int(generator.integers(1, 3)), int(generator.integers(2, 12))
    for layer in range(layers):
        name, neurons = f"hidden{layer}", int(generator.integers(1, 25))
        rule = "counting" if form == "counting" else one_of("lif", "alif")
        neuron = {"size": neurons, "rule": rule, "bias": one_of(0, 1, 5)}
        if rule == "counting":
            neuron["threshold_shift"] = one_of(3, 6, 10)
        else:
            neuron |= {
                "threshold": one_of(128, 1024),
                "leak_shift": one_of(1, 3, 15),
                "membrane_bits": one_of(12, 16),
                "slope": one_of("box", "triangle"),
            }
        if rule == "alif":
            neuron |= {"adaptation_shift": one_of(1, 8), "adaptation_gain": one_of(16, 255), "adaptation_bits": one_of(12, 20)}
        populations[name] = neuron
        projections[f"to{layer}"] = plastic(before, name, "feedback", neurons, one_of, generator)
        last = layer == layers - 1
        back = {"from": "out.error", "to": f"{name}.signal", "rule": "symmetric" if last and one_of(0, 1) else "static"}
        projections[f"back{layer}"] = back | {"gain": int(generator.integers(-8, 3))}
        if form == "stepping" and one_of(0, 1):
            projections[f"again{layer}"] = plastic(name, name, "feedback", neurons, one_of, generator) | {"delay": 1}
        before = name
    projections["decide"] = plastic(before, "out", "error", outputs, one_of, generator)
    if one_of(0, 1):
        projections["skip"] = plastic("pixels", "out", "error", outputs, one_of, generator)
    if one_of(0, 1):
        first = projections["to0"]
        projections["to0"] = {key: first[key] for key in ("from", "to", "weight_bits", "lanes", "spread")} | {"rule": "static"}
    populations["out"] = {"size": outputs, "rule": "readout"}
    sample = {
        "timesteps": one_of(1, 5, 16),
        "error": one_of("softmax", "hard"),
        "output_shift": one_of(0, 4, 8),
        "margin": one_of(0, 1, 64),
        "octaves": one_of(0, 2, 3),
    }
    return read_network({"network": {"seed": seed}, "population": populations, "projection": projections, "sample": sample})


def plastic(source, target, signal, neurons, one_of, generator):
    bits = int(generator.integers(2, 15))
    return {
        "from": source,
        "to": target,
        "rule": "three_factor",
        "signal": signal,
        "weight_bits": bits,
        "lanes": one_of(*(n for n in range(1, neurons + 1) if neurons % n == 0)),
        "spread": int(generator.integers(0, 1 << (bits - 1))),
        "learning_shift": int(generator.integers(0, 13)),
    }


def samples(spec, model, count, seed):
    """Return random samples, many of their pixels 0 or full, and labels."""
    generator = np.random.default_rng(seed)
    pixels = generator.integers(0, 256, (count, model.port.pixels))
    kinds = generator.integers(0, 3, pixels.shape)
    pixels = np.where(kinds == 0, 0, np.where(kinds == 1, 255, pixels)).astype(np.uint8)
    return pixels, generator.integers(0, spec.output.size, count)
