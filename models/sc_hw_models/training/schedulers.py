"""Learning rate schedules: ``lr`` is the rate now, ``step()`` goes on to the next and returns it, ``reset()`` starts again.

A rate is set by hand on whatever has one: ``optimiser.lr = schedule.lr`` before the first step, ``= schedule.step()`` after each.
"""

import math

from ..checks import check_number, check_state
from ..rule import check_integer

__all__ = ["CosineScheduler", "ExponentialScheduler", "Scheduler", "StepScheduler", "WarmupCosineScheduler"]


class Scheduler:
    """Base: ``lr_init`` above 0, ``count`` the steps taken. Errors: ``ConfigError`` names the argument."""

    def __init__(self, lr_init: float) -> None:
        self.lr_init, self.count = check_number("lr_init", lr_init, above=0), 0

    @property
    def lr(self) -> float:
        """The rate after the steps taken so far."""
        return self.rate(self.count)

    def step(self) -> float:
        """Go on by a step and return the rate that holds from now."""
        self.count += 1
        return self.lr

    def rate(self, count: int) -> float:
        """Return the rate after ``count`` steps."""
        raise NotImplementedError

    def reset(self) -> None:
        """Go back to the start."""
        self.count = 0

    @property
    def state(self) -> dict[str, int]:
        """What a checkpoint keeps."""
        return {"count": self.count}

    def restore(self, state: dict[str, int]) -> None:
        """Go on from a ``state``."""
        self.count = _counted(check_state("state", state, ["count"])["count"])


def _counted(count: int) -> int:
    return check_integer("count", count, 0, 2**63 - 1)


class StepScheduler(Scheduler):
    """lr_init gamma^floor(count / step_size); ``step_size`` at least 1, 0 < ``gamma`` <= 1."""

    def __init__(self, lr_init: float, step_size: int, gamma: float = 0.1) -> None:
        super().__init__(lr_init)
        self.step_size = check_integer("step_size", step_size, 1, 2**31 - 1)
        self.gamma = check_number("gamma", gamma, above=0, high=1)

    def rate(self, count: int) -> float:
        """Return the rate after ``count`` steps."""
        count = _counted(count)
        return float(self.lr_init * self.gamma ** (count // self.step_size))


class ExponentialScheduler(Scheduler):
    """lr_init gamma^count; 0 < ``gamma`` <= 1."""

    def __init__(self, lr_init: float, gamma: float = 0.999) -> None:
        super().__init__(lr_init)
        self.gamma = check_number("gamma", gamma, above=0, high=1)

    def rate(self, count: int) -> float:
        """Return the rate after ``count`` steps."""
        count = _counted(count)
        return float(self.lr_init * self.gamma**count)


class CosineScheduler(Scheduler):
    """From ``lr_init`` to ``lr_min`` (0 <= lr_min <= lr_init) in ``total_steps`` >= 1 along half a cosine, then constant.

    Source: Loshchilov and Hutter, "SGDR", ICLR 2017, eq. 5, without restarts.
    """

    def __init__(self, lr_init: float, lr_min: float, total_steps: int) -> None:
        super().__init__(lr_init)
        self.lr_min = check_number("lr_min", lr_min, low=0, high=self.lr_init)
        self.total_steps = check_integer("total_steps", total_steps, 1, 2**31 - 1)

    def rate(self, count: int) -> float:
        """Return the rate after ``count`` steps."""
        count = _counted(count)
        return self._fallen(min(count / self.total_steps, 1.0))

    def _fallen(self, done: float) -> float:
        return self.lr_min + (self.lr_init - self.lr_min) * (1 + math.cos(math.pi * done)) / 2


class WarmupCosineScheduler(CosineScheduler):
    """From 0 linear to ``lr_init`` in ``warmup_steps`` (1 to ``total_steps`` - 1), then half a cosine down to ``lr_min``."""

    def __init__(self, lr_init: float, lr_min: float, warmup_steps: int, total_steps: int) -> None:
        super().__init__(lr_init, lr_min, total_steps)
        self.warmup_steps = check_integer("warmup_steps", warmup_steps, 1, self.total_steps - 1)

    def rate(self, count: int) -> float:
        """Return the rate after ``count`` steps."""
        count = _counted(count)
        if count < self.warmup_steps:
            return self.lr_init * count / self.warmup_steps
        return self._fallen(min((count - self.warmup_steps) / (self.total_steps - self.warmup_steps), 1.0))
