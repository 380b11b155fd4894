"""The corners of a crossbar's rows: states at the bound of rest, rows partly at rest, the first timestep after each change."""

from collections.abc import Iterator, Mapping
from itertools import pairwise, product
from typing import TYPE_CHECKING

import numpy as np

from sc_hw_models.core import CoreModel
from sc_hw_models.parts import REST

from .corners import Corners
from .stimulus import CHANGES, random_state

if TYPE_CHECKING:
    from .bench import CoreBench
    from .crossbar import CrossbarBench

__all__ = ["RowCorners"]

Arrays = dict[str, np.ndarray]

_NEAR = 64  # how far from a bound a state is looked for that the next timestep brings to it


class RowCorners:
    """Plays the corners of rows on a crossbar that skips them; each is counted in ``bench.corners`` if a right core shows it."""

    def __init__(self, bench: "CrossbarBench") -> None:
        self._bench = bench
        self._pre, self._post = bench.parts[:2]
        self._rows, self._columns = self._pre.synapses, self._post.synapses

    async def run(self) -> None:
        """Visit all corners; raises ``MismatchError`` at the first difference."""
        await self._changes()
        await self._changed_again()
        await self._bounds()
        await self._traces()
        await self._after_resets()

    def _count(self, name: str, hits: int) -> None:
        self._bench.corners[name] = self._bench.corners.get(name, 0) + hits

    async def _timestep(self, check: str, *, pre: int | None = None, post: int | None = None, step: int = 0) -> np.ndarray:
        """Play a timestep in which one neuron of either kind may have an input; return which rows were visited.

        ``step`` is the value of the inputs of the timestep, as near to it as they can be.
        """
        bench = self._bench
        given: Arrays = {}
        for side, number in ((self._pre, pre), (self._post, post)):
            for f in side.spec.synapse_inputs:
                given[f.name] = np.zeros((1, side.synapses), np.int64)
                if number is not None:
                    given[f.name][0, number] = f.maximum
        given |= {f.name: np.array([min(max(step, f.minimum), f.maximum)]) for f in bench.spec.step_inputs}
        bench._ask(given, 1)
        rows: np.ndarray = bench._rows[-1][0].copy()
        await bench._moved(check)
        for part in bench.parts:
            part._compare_asked(check)
        return rows

    async def _at_rest(self) -> None:
        """Let all rows rest, and skip them all once."""
        await self._bench._come_to_rest()
        await self._timestep("rows at rest")

    async def _changes(self) -> None:
        """Play the first timesteps after each kind of change."""
        bench, last = self._bench, self._bench.synapses - 1
        for name in CHANGES:
            for step in (0, 1):
                await self._at_rest()
                await bench._settled()
                if name == "a host write":
                    await self._write(bench, np.array([last * step]))
                elif name == "a clear":
                    await bench._cleared("clear of rows at rest")
                else:
                    await bench._reset()
                await self._first(name, step, visits=True)
        for name, part in (
            ("a host read", bench),
            ("a host write to a presynaptic neuron", self._pre),
            ("a host write to a postsynaptic neuron", self._post),
        ):
            if not part.spec.state:
                continue
            await self._at_rest()
            await bench._settled()
            if part is bench:
                bench._ask_read(np.array([0, last]))
                await bench._moved(name)
                bench._compare_reads(name)
            else:
                await self._write(part, np.array([0]))
            await self._first(name, 0, visits=False)
        await self._at_rest()
        await self._first("skipped rows", 1, visits=False)
        inputs: dict[str, dict[str, int]] = {"inputs of the timestep": {"step": 1 << 62}}
        for owner, count in (("presynaptic", self._rows), ("postsynaptic", self._columns)):
            inputs |= {
                f"an input of the {which} {owner} neuron": {owner.removesuffix("synaptic"): number}
                for which, number in {"first": 0, "last": count - 1}.items()
            }
        for name, given in inputs.items():
            await self._at_rest()
            await self._timestep(name, **given)
            await self._first(name, 0)

    async def _changed_again(self) -> None:
        """Change rows before each of several timesteps: that one visits all rows must not spare the next one from it."""
        bench, visits = self._bench, []
        changes = ("a host write", "a host write", "a clear", "a host write", "a clear", "a clear")
        await self._at_rest()
        for turn, name in enumerate(changes):
            await bench._settled()
            if name == "a clear":
                await bench._cleared("clear after each timestep")
            else:
                await self._write(bench, np.array([turn % self._rows * self._columns]))
            visits.append((await self._timestep("timesteps, each of them after a change")).all())
        await self._first("changes before each timestep", 0)
        for (one, other), both in zip(pairwise(changes), pairwise(visits), strict=True):
            self._count(f"a timestep after {one}, then one after {other}", int(all(both)))

    async def _write(self, part: "CoreBench", order: np.ndarray) -> None:
        """Write random words through the host port."""
        part._ask_write(order)
        await self._bench._moved("host write to rows at rest")
        part._compare_asked("host write to rows at rest")

    async def _first(self, name: str, step: int, *, visits: bool | None = None) -> None:
        """Play the first two timesteps after a change; ``visits`` says whether all rows or none must be visited in the first."""
        rows = await self._timestep(f"first timestep after {name}", step=step)
        await self._timestep(f"second timestep after {name}", step=step)
        right = visits is None or (rows.all() if visits else not rows.any())
        self._count(f"first timestep after {name}", int(right))

    async def _load(self, part: "CoreBench", values: Mapping[str, np.ndarray]) -> None:
        await part._load({**part.model.state, **values})

    async def _load_all(self, values: Arrays) -> None:
        """Load the state of all synapses, and zeros into all neurons."""
        await self._load(self._bench, values)
        for side in (self._pre, self._post):
            if side.spec.state:
                await self._load(side, {f.name: np.zeros(side.synapses, np.int64) for f in side.spec.state})

    def _resting_state(self) -> Arrays:
        """Return a state of all synapses at rest."""
        bench, rest = self._bench, self._bench.spec.rest
        values = random_state(bench.spec.state, bench.synapses, bench.generator)
        return values | {name: np.zeros(bench.synapses, np.int64) for name in ((*rest.quiet, *rest.inert) if rest else ())}

    def _targets(self) -> Iterator[tuple[str, int, np.ndarray]]:
        """Yield fields, values at a bound of rest, and the values that a silent timestep brings there."""
        bench, rest = self._bench, self._bench.spec.rest
        bounds = {
            (name, 1 << exponent) for bound in ((rest.quiet, rest.inert) if rest else ()) for name, exponent in bound.items()
        }
        for name, bound in sorted(bounds):
            f = next(f for f in bench.spec.state if f.name == name)
            start = np.unique(np.clip(np.add.outer([bound, -bound], np.arange(-_NEAR, _NEAR + 1)), f.minimum, f.maximum))
            model = CoreModel(bench.model.rule, bench.model.config, synapses=len(start), compiled=False)
            model.load({name: start})
            model.step(
                {g.name: np.zeros(len(start), np.int64) for g in bench.spec.synapse_inputs}
                | {g.name: 0 for g in bench.spec.step_inputs}
            )
            for value in (bound - 1, bound, 1 - bound, -bound):
                found = start[model.state[name] == value]
                if len(found) and f.minimum <= value <= f.maximum:
                    yield name, value, found

    async def _bounds(self) -> None:
        """Let one synapse of each row be at a bound of rest, in the first, a middle and the last word and in every lane."""
        bench = self._bench
        places = np.unique(
            np.concatenate([np.arange(bench.lanes), [self._columns // 2], self._columns - 1 - np.arange(bench.lanes)])
        )
        steps = (0, 1, -1, 1 << 62, -1 << 62)
        for number, (name, value, start) in enumerate(self._targets()):
            for turn, shift in enumerate(range(0, len(places), max(1, min(self._rows, len(places))))):
                values = self._resting_state()
                own = np.arange(self._rows) * self._columns + np.roll(places, -shift)[np.arange(self._rows) % len(places)]
                values[name][own] = start[np.arange(self._rows) % len(start)]
                await self._load_all(values)
                await self._timestep("one synapse of a row at a bound of rest")
                self._count(f"{name} at {value} in one synapse of a row", int((bench.model.state[name][own] == value).sum()))
                level = np.bitwise_and.reduce(bench._rest.reshape(self._rows, -1), axis=1) if bench._rest is not None else []
                await self._timestep("after a synapse at a bound of rest", step=steps[(number + turn) % len(steps)])
                await self._timestep("after a synapse at a bound of rest")
                alone = np.asarray(level) != REST.maximum
                self._count("a row rests but for one synapse", int(alone.sum())) if alone.any() else None
        if self._may_be_quiet_only():
            await self._quiet_rows(steps)

    def _may_be_quiet_only(self) -> bool:
        """Return whether a row can be quiet and not inert."""
        rest = self._bench.spec.rest
        return rest is not None and dict(rest.quiet) != dict(rest.inert)

    async def _quiet_rows(self, steps: tuple[int, ...]) -> None:
        """Change weights by inputs of the timestep alone: rows that are quiet and not inert, without any input of a neuron."""
        bench, quiet_bounds = self._bench, self._bench.spec.rest.quiet if self._bench.spec.rest else {}
        for step in steps[1:]:
            await self._at_rest()
            values = self._resting_state()
            for f in (f for f in bench.spec.state if f.name in quiet_bounds):
                signs = np.where(bench.generator.random(bench.synapses) < 0.5, 1, -1)
                values[f.name] = np.clip(signs * ((1 << quiet_bounds[f.name]) - 1), f.minimum, f.maximum)
            await self._load(bench, values)
            await self._timestep("quiet rows")
            quiet = await self._timestep("quiet rows")
            moved = await self._timestep("quiet rows with inputs of the timestep", step=step)
            self._count("quiet rows are skipped without, visited with inputs of the timestep", int((~quiet & moved).sum()))
            await self._first("inputs of the timestep to quiet rows", 0)

    async def _traces(self) -> None:
        """Let presynaptic state at its bound meet a postsynaptic input, and none."""
        bench, rest = self._bench, self._bench.spec.rest
        for f in self._pre.spec.state:
            bound = 1 << rest.pre[f.name] if rest and f.name in rest.pre else None
            if bound is None:
                continue
            ends = {v for v in (bound - 1, bound, 1 - bound, -bound) if f.minimum <= v <= f.maximum}
            trials = product(sorted(ends), (None, 0, self._columns - 1), (0, 1 << 62))
            for value, column, step in trials:
                await self._at_rest()
                others = bench.generator.random(self._rows) < 0.5
                others[bench.generator.integers(self._rows)] = False
                await self._load(self._pre, {f.name: np.where(others, 0, value)})
                rows = await self._timestep("presynaptic state at its bound", post=column, step=step)
                met = abs(value) >= bound and column is not None
                name = f"{f.name} at {value} meets {'no' if column is None else 'a'} postsynaptic input"
                self._count(name, int((rows == met)[~others].sum()))
                await self._timestep("after presynaptic state at its bound")

    async def _after_resets(self) -> None:
        """Reset among a row's results; whoever then still counts its words takes what one says of rest for what another does."""
        bench, rest = self._bench, self._bench.spec.rest
        names = {*rest.quiet, *rest.inert} if rest else set()
        corners = Corners(bench)
        for number, moment in enumerate(bench.moments):
            for turn in (0, 1) if moment["name"].endswith("results under way") else ():
                await corners._restart()  # then all rows are visited
                states = corners._states()
                corners._queue("timestep", bench)
                came = await corners._reset_for(number, states, lambda: None)
                corners._compare("what was asked for when no reset came")
                values = self._resting_state()
                for f in (f for f in bench.spec.state if f.name in names):  # the last word of every other row does not rest
                    values[f.name].reshape(self._rows, -1)[turn::2, -1] = f.maximum
                await self._load_all(values)
                for _ in range(3):
                    await self._timestep("rows partly at rest after a reset")
                self._count(f"{moment['name']}, reset for 1 clock, then rows partly at rest", int(came))
