"""Learning rate schedules: ``step()`` returns the rate of the next step, ``reset()`` starts again.

A rate is set by hand on whatever has one: ``optimiser.lr = schedule.step()``.
"""

import math
from dataclasses import dataclass, field

from ..checks import check_number
from ..rule import check_integer

__all__ = ["Cosine", "Exponential", "Scheduler", "Step", "WarmupCosine"]


@dataclass(kw_only=True, eq=False)
class Scheduler:
    """Base: ``lr`` above 0 is the rate at the start, ``count`` the steps taken. Errors: ``ConfigError`` names the argument."""

    lr: float
    count: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        check_number("lr", self.lr, above=0)

    def step(self) -> float:
        """Return the rate of this step and go on to the next."""
        self.count += 1
        return self.rate(self.count - 1)

    def rate(self, count: int) -> float:
        """Return the rate after ``count`` steps."""
        raise NotImplementedError

    def reset(self) -> None:
        """Go back to the start."""
        self.count = 0


@dataclass(kw_only=True, eq=False)
class Step(Scheduler):
    """lr gamma^floor(count / period); ``period`` at least 1, 0 < ``gamma`` <= 1."""

    period: int
    gamma: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer("period", self.period, 1, 2**31 - 1)
        check_number("gamma", self.gamma, above=0, high=1)

    def rate(self, count: int) -> float:
        """Return the rate after ``count`` steps."""
        return float(self.lr * self.gamma ** (count // self.period))


@dataclass(kw_only=True, eq=False)
class Exponential(Scheduler):
    """lr gamma^count; 0 < ``gamma`` <= 1."""

    gamma: float = 0.99

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("gamma", self.gamma, above=0, high=1)

    def rate(self, count: int) -> float:
        """Return the rate after ``count`` steps."""
        return float(self.lr * self.gamma**count)


@dataclass(kw_only=True, eq=False)
class Cosine(Scheduler):
    """From ``lr`` to ``lr_min`` (0 <= ``lr_min`` <= lr) over ``period`` steps along half a cosine, then constant.

    Source: Loshchilov and Hutter, "SGDR", ICLR 2017, eq. 5, without restarts.
    """

    period: int
    lr_min: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer("period", self.period, 1, 2**31 - 1)
        check_number("lr_min", self.lr_min, low=0, high=self.lr)

    def rate(self, count: int) -> float:
        """Return the rate after ``count`` steps."""
        return self.lr_min + (self.lr - self.lr_min) * (1 + math.cos(math.pi * min(count / self.period, 1.0))) / 2


@dataclass(kw_only=True, eq=False)
class WarmupCosine(Cosine):
    """Linear from lr / warmup to ``lr`` in ``warmup`` steps (1 to ``period`` - 1), then half a cosine to ``period``."""

    warmup: int

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer("warmup", self.warmup, 1, self.period - 1)

    def rate(self, count: int) -> float:
        """Return the rate after ``count`` steps."""
        if count < self.warmup:
            return self.lr * (count + 1) / self.warmup
        done = min((count - self.warmup) / (self.period - self.warmup), 1.0)
        return self.lr_min + (self.lr - self.lr_min) * (1 + math.cos(math.pi * done)) / 2
