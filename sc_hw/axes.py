"""Which axis of a layer's weights is which: by name, or by sizes that differ; and its arrays in the order of a core.

``post`` are a layer's outputs, the postsynaptic neurons, ``pre`` its inputs. Most trained networks keep ``(outputs, inputs)``,
those of scikit-learn ``(inputs, outputs)``. A crossbar has its synapses by rows of ``pre``, a layer of neurons and synapses
by rows of ``post``.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from .errors import UserError

__all__ = ["AXES", "axes_of", "in_order", "parse_axes", "with_bias"]

AXES = (("post", "pre"), ("pre", "post"))
_ALLOWED = "post,pre, which is (outputs, inputs), and pre,post"


def parse_axes(text: str | None) -> tuple[str, ...] | None:
    """Return the axes that an option names, ``None`` when it is not given. Errors: ``UserError``."""
    if text is None:
        return None
    axes = tuple(word.strip() for word in text.split(","))
    if axes not in AXES:
        raise UserError(f"--axes {text!r}: not known; allowed are {_ALLOWED}")
    return axes


def axes_of(what: str, shape: Sequence[int], named: Sequence[str] | None, sizes: Mapping[str, int]) -> tuple[str, ...]:
    """Return what the axes of a matrix are that has ``sizes`` neurons on its sides; a side left out may have any number.

    ``named`` are its axes if they are known; otherwise its shape must tell. Errors: ``UserError``, about ``what``.
    """
    given = " and ".join(f"{size} {side}synaptic" for side, size in sizes.items())
    if len(shape) != 2:
        raise UserError(
            f"{what} has shape {tuple(shape)}; for {given} neurons it must be a matrix, a weight for each pair of them"
        )
    fitting = [axes for axes in AXES if all(sizes.get(side, n) == n for side, n in zip(axes, shape, strict=True))]
    if named is not None:
        fitting = [axes for axes in fitting if axes == tuple(named)]
    if not fitting:
        sides = f" ({', '.join(named)})" if named else ""
        raise UserError(f"{what} is {shape[0]} x {shape[1]}{sides}; that is not {given} neurons")
    if len(fitting) > 1:
        raise UserError(
            f"{what} is {shape[0]} x {shape[1]}, which does not tell inputs from outputs; derive it again and name "
            f"its axes with --axes: {_ALLOWED}"
        )
    return fitting[0]


def with_bias(what: str, weights: np.ndarray, bias: np.ndarray, axes: tuple[str, ...]) -> np.ndarray:
    """Return weights with one more presynaptic neuron, the last, whose weights are the biases ``(outputs,)``."""
    pre = axes.index("pre")
    outputs = weights.shape[1 - pre]
    if bias.size != outputs:
        raise UserError(f"{what} has shape {bias.shape}; allowed are {outputs} biases, one for each output")
    return np.concatenate([weights, bias.reshape((1, -1) if pre == 0 else (-1, 1))], axis=pre)


def in_order(
    values: Mapping[str, np.ndarray], shape: Sequence[int], axes: tuple[str, ...], order: Sequence[str]
) -> dict[str, np.ndarray]:
    """Return flat arrays of a matrix with its ``axes`` in another ``order``."""
    return {
        name: array.reshape(shape).transpose([axes.index(side) for side in order]).reshape(-1) for name, array in values.items()
    }
