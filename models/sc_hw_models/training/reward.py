"""Reward-modulated STDP in a network: spike timing leaves an eligibility, and dopamine turns it into a change of the weight.

Source: Izhikevich, "Solving the distal reward problem through linkage of STDP and dopamine signaling", Cerebral Cortex 17
(2007), eqs. 1 to 4.
"""

import math
from collections.abc import Sequence

import numpy as np

from ..checks import check_all, check_instance, check_number
from ..network import Network, Projection, Wiring
from ..neurons import LIF, Izhikevich
from ..rule import ConfigError, check_integer
from ..sparse import spans

__all__ = ["RewardModulatedLearner"]

SPIKING = LIF | Izhikevich


class RewardModulatedLearner:
    """Lets the ``plastic`` projections of a network learn (default: all from and onto neurons that spike).

    Times in ms: ``tau_reward`` of dopamine, ``tau_eligibility``, ``tau_pre`` and ``tau_post`` of the spike traces, all above 0.
    A presynaptic spike before a postsynaptic one adds ``potentiation`` exp(-lag / ``tau_pre``) to the eligibility, the other
    order takes ``depression`` exp(-lag / ``tau_post``) from it (both >= 0; all pairs count). A weight changes by ``lr`` times
    eligibility times dopamine a ms and stays in ``w_min`` .. ``w_max``. Rewards of either sign add to dopamine.
    Eligibilities decay and weights change once every ``period`` (>= 1) timesteps, by as much as in that time: what remains to
    be done in each timestep is for the synapses of neurons that spike. Projections may be rewired. Errors: ``ConfigError``.
    """

    def __init__(
        self,
        network: Network,
        tau_reward: float = 100.0,
        *,
        tau_eligibility: float = 1000.0,
        tau_pre: float = 20.0,
        tau_post: float = 20.0,
        potentiation: float = 1.0,
        depression: float = 1.5,
        lr: float = 1e-4,
        w_min: float = 0.0,
        w_max: float = 1.0,
        period: int = 1,
        plastic: Sequence[Projection] | None = None,
    ) -> None:
        self.network = check_instance("network", network, Network)
        onto = [p for p in network.projections if isinstance(p.target.neuron, SPIKING)]
        self.plastic = (
            [p for p in onto if isinstance(p.source.neuron, SPIKING)]
            if plastic is None
            else check_all("plastic", plastic, Projection)
        )
        if not self.plastic or any(p not in onto for p in self.plastic):
            raise ConfigError("plastic: allowed are one or more projections of the network onto LIF, ALIF or Izhikevich")
        steps = {p.target.neuron.dt for p in self.plastic if isinstance(p.target.neuron, SPIKING)}
        if len(steps) > 1:
            raise ConfigError(f"network: neurons with timesteps dt of {sorted(steps)} ms; allowed is one for all")
        self.dt, self.period = steps.pop(), check_integer("period", period, 1, 2**31 - 1)
        taus = {"tau_reward": tau_reward, "tau_eligibility": tau_eligibility, "tau_pre": tau_pre, "tau_post": tau_post}
        self._reward_decay, self._decay, self._pre_decay, self._post_decay = (
            math.exp(-self.dt / check_number(name, tau, above=0)) for name, tau in taus.items()
        )
        self.potentiation, self.depression = (
            check_number("potentiation", potentiation, low=0),
            check_number("depression", depression, low=0),
        )
        self.lr, self.w_min = check_number("lr", lr, low=0), check_number("w_min", w_min)
        self.w_max = check_number("w_max", w_max, above=self.w_min)
        for p in self.plastic:
            if len(p.data) and (p.data.min() < w_min or p.data.max() > w_max):
                raise ConfigError(
                    f"weights from {p.source.name} to {p.target.name}: {p.data.min():g}..{p.data.max():g}; "
                    f"allowed are {w_min:g}..{w_max:g}"
                )
        self._wiring = Wiring(self.plastic)
        order = list(network.populations)  # from an earlier population spikes arrive in their own timestep
        self._delayed = [order.index(p.source.name) >= order.index(p.target.name) for p in self.plastic]
        self.reset()

    def reset(self) -> None:
        """Put the network at rest and forget traces, eligibilities and dopamine; weights stay."""
        self.network.reset()
        list(self._wiring.changes())  # seen: nothing is kept that could follow
        self.dopamine, self._moment = 0.0, 0
        self.eligibilities = [np.zeros(len(p.data)) for p in self.plastic]
        self._pre = [np.zeros(p.source.n) for p in self.plastic]
        self._post = [np.zeros(p.target.n) for p in self.plastic]
        self._before = [np.zeros(p.source.n) for p in self.plastic]

    def step(self, reward: float) -> None:
        """Learn from the timestep that the network has just made; ``reward`` is what dopamine gains.

        Call it once after each ``network.step``, which other learners may follow too. Errors: ``ConfigError`` when the network
        has made no timestep or several since, or runs samples side by side.
        """
        reward = check_number("reward", reward)
        if self.network.moment != self._moment + 1:
            made = self.network.moment - self._moment
            raise ConfigError(
                f"network: {made} timesteps since the last step of this learner; allowed is one: "
                "call network.step, then step; after network.reset, reset"
            )
        if self.network.output.output.ndim > 1:
            raise ConfigError("network: samples side by side; allowed is one: network.reset()")
        for k, carried in self._wiring.changes():
            self.eligibilities[k] = carried(self.eligibilities[k])
        self.dopamine = self._reward_decay * self.dopamine + reward
        if self._moment % self.period == 0:
            for eligibility in self.eligibilities:
                eligibility *= self._decay**self.period
        for k, p in enumerate(self.plastic):
            self._pair(k, self._before[k] if self._delayed[k] else p.source.output, p.target.output)
        self._before = [p.source.output for p in self.plastic]
        self._moment += 1
        if self._moment % self.period == 0:
            for p, eligibility in zip(self.plastic, self.eligibilities, strict=True):
                p.data += self.lr * self.dt * self.period * self.dopamine * eligibility
                np.clip(p.data, self.w_min, self.w_max, out=p.data)

    def _pair(self, k: int, pre: np.ndarray, post: np.ndarray) -> None:
        """Update traces and eligibility of a projection: what arrives at the timestep and what its target sends."""
        p, eligibility = self.plastic[k], self.eligibilities[k]
        self._pre[k] = self._pre_decay * self._pre[k] + pre  # with this timestep's arrivals: they may have caused the spike
        self._post[k] = self._post_decay * self._post[k]
        caused = p.matrix.order[spans(p.matrix.columns, post.nonzero()[0])]
        eligibility[caused] += self.potentiation * self._pre[k][p.rows[caused]]
        late = spans(p.indptr, pre.nonzero()[0])
        eligibility[late] -= self.depression * pre[p.rows[late]] * self._post[k][p.indices[late]]
        self._post[k] += post
