"""Verbs as functions: train, fit, derive, and how close integers are to real numbers.

Keywords are the options of the command, None is an option that is not given. What an option means and its default:
``sc-hw VERB --help``. ``folder`` is a path or what ``emit`` and ``load`` return. Errors of all: those of ``call``.
"""

from collections.abc import Sequence

from .call import Folder, Settings, call
from .result import Result

__all__ = ["accuracy", "derive", "fit", "train"]


def train(
    *,
    data: str | None = None,
    standardise: bool = False,
    protocol: str | None = None,
    tasks: int | None = None,
    hidden: str | None = None,
    method: str | None = None,
    strength: float | None = None,
    damping: float | None = None,
    decay: float | None = None,
    memory: int | None = None,
    biases: bool = False,
    optimiser: str | None = None,
    lr: float | None = None,
    batch: int | None = None,
    epochs: int | None = None,
    seed: int | None = None,
    output: Folder,
    resume: bool = False,
    force: bool = False,
    log: str | None = None,
    json: Folder | None = None,
) -> Result:
    """Train a network on one task after another and measure how much each weight matters, ready for sc-hw derive."""
    return call(
        "train",
        data=data,
        standardise=standardise,
        protocol=protocol,
        tasks=tasks,
        hidden=hidden,
        method=method,
        strength=strength,
        damping=damping,
        decay=decay,
        memory=memory,
        biases=biases,
        optimiser=optimiser,
        lr=lr,
        batch=batch,
        epochs=epochs,
        seed=seed,
        output=output,
        resume=resume,
        force=force,
        log=log,
        json=json,
    )


def fit(
    network: Folder,
    *,
    data: str | None = None,
    passes: int | None = None,
    tasks: int | None = None,
    held_out: int | None = None,
    settings: Settings | None = None,
    seed: int | None = None,
    output: Folder,
    resume: bool = False,
    force: bool = False,
    rtl: int | None = None,
    json: Folder | None = None,
) -> Result:
    """Let a network learn in its golden model, a sample at a time, as the chip does; measure it with learning off."""
    return call(
        "fit",
        network=network,
        data=data,
        passes=passes,
        tasks=tasks,
        held_out=held_out,
        settings=settings,
        seed=seed,
        output=output,
        resume=resume,
        force=force,
        rtl=rtl,
        json=json,
    )


def derive(
    weights: Folder,
    *,
    importance: Folder,
    output: Folder,
    rule: Folder | None = None,
    consolidation: str | None = None,
    scale: float | None = None,
    axes: str | None = None,
    bias: str | Sequence[str] | None = None,
    settings: Settings | None = None,
    force: bool = False,
    json: Folder | None = None,
) -> Result:
    """Turn a trained network into what learning cores start from: weights, anchors, codes and settings of each layer."""
    return call(
        "derive",
        weights=weights,
        importance=importance,
        output=output,
        rule=rule,
        consolidation=consolidation,
        scale=scale,
        axes=axes,
        bias=bias,
        settings=settings,
        force=force,
        json=json,
    )


def accuracy(
    folder: Folder | None = None,
    *,
    rule: Folder | None = None,
    preset: str | Sequence[str] | None = None,
    settings: Settings | None = None,
    variant: str | Sequence[str] | None = None,
    seeds: int | None = None,
    markdown: bool = False,
    json: Folder | None = None,
) -> Result:
    """Measure how far the fixed-point model stands from its float reference."""
    return call(
        "accuracy",
        folder=folder,
        rule=rule,
        preset=preset,
        settings=settings,
        variant=variant,
        seeds=seeds,
        markdown=markdown,
        json=json,
    )
