"""Beats of results, which every topology has."""

from collections.abc import Mapping

import numpy as np

from sc_hw_models.core import CoreModel

from ..rtl.design import CoreDesign
from .script import Script, lanes_of

__all__ = ["Arrays", "Parts", "results"]

Arrays = dict[str, np.ndarray]
Parts = dict[str, tuple[CoreDesign, CoreModel]]
"""The cores of a design and their models, by what begins the names of their streams."""


def results(script: Script, name: str, own: CoreDesign, outputs: Mapping[str, np.ndarray]) -> None:
    """Expect the results of timesteps: a beat a word, of which the last of a timestep says so."""
    steps = len(outputs[own.spec.outputs[0].name])
    full = np.ones(outputs[own.spec.outputs[0].name].shape, np.int64)
    columns = {f.name: lanes_of(outputs[f.name], f.bits, own.lanes) for f in own.spec.outputs}
    cares = {f.name: lanes_of(full * ((1 << f.bits) - 1), f.bits, own.lanes) for f in own.spec.outputs}
    last = ([0] * (own.words - 1) + [1]) * steps
    skip = {"skip": [0] * len(last)} if own.row_words else {}
    script.add(name, {"last": last, **skip, **columns}, cares)
