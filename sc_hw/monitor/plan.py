"""What ``sc-hw monitor`` lets a design learn, and how often it looks."""

from dataclasses import dataclass

__all__ = ["TURN", "Plan"]

TURN = 0.4  # seconds of learning, then as many of reading what was learned


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is learned: ``most`` samples of the data or random timesteps of a core; None: without end.

    Data are learned pass after pass. Every ``every`` samples a network's chip decides ``test`` samples that it does not learn.
    ``units`` is how many neurons of each projection are read, or synapses of a core. ``keep``: a chip goes on from the weights
    that it has; ``fresh``: it was made just now and holds those of its folder. Else they are loaded.
    """

    most: int | None = None
    test: int = 50
    every: int = 100
    units: int | None = None
    seed: int = 1
    keep: bool = False
    fresh: bool = False
