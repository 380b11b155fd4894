"""A network that was trained elsewhere, as a network of a chip."""

from typing import Any

from .call import Folder, call, path_of
from .network import NetworkClassifier, network

__all__ = ["imported"]


def imported(
    file: Folder,
    *,
    output: Folder,
    timesteps: int,
    dt: float | None = None,
    reset: str | None = None,
    code: str | None = None,
    full_scale: float | None = None,
    threshold: float | None = None,
    axes: str | None = None,
    weight_bits: int | None = None,
    approximate: Any = None,
    data: str | None = None,
    samples: int | None = None,
    seed: int | None = None,
    force: bool = False,
    json: Folder | None = None,
) -> NetworkClassifier:
    """Return the network of a NIR, PyTorch or Keras file, written to ``output`` as ``sc-hw import`` does (docs/imports.md).

    Keywords are the options of the command, None is an option that is not given. ``record`` of the network says what rounding
    lost, and how it compares with floating point. Errors: those of ``call``.
    """
    result = call(
        "import",
        file=file,
        output=output,
        timesteps=timesteps,
        dt=dt,
        reset=reset,
        code=code,
        full_scale=full_scale,
        threshold=threshold,
        axes=axes,
        weight_bits=weight_bits,
        approximate=approximate,
        data=data,
        samples=samples,
        seed=seed,
        force=force,
        json=json,
    )
    made = network(path_of("--output", output) / "network.toml")
    made.record = result.record
    return made
