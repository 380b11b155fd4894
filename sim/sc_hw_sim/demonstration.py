"""The rule at work: plays its demonstration through the core and keeps what one synapse did, golden and found."""

from typing import Any

import numpy as np

from sc_hw_models.rule import Demonstration, Field, StepError

from .bench import CoreBench
from .scoreboard import MismatchError

__all__ = ["MOST_WORDS", "DemonstrationBench"]

MOST_WORDS = 4096  # words a lane: a longer sweep would make the demonstration longer than the campaign


class DemonstrationBench(CoreBench):
    """Shows every synapse the rule's demonstration and watches one, from outside, through the host port.

    It loads that synapse's word, and reads it back after each timestep. The campaign has compared all
    synapses bit for bit; this run is for the eye, but what it reads is compared as well.
    """

    async def play(self, demonstration: Demonstration, synapse: int) -> tuple[dict[str, Any], MismatchError | None]:
        """Return the recorded values of ``synapse``, JSON-ready, and the first difference if there is one.

        A core that stops moving ends the recording there.
        """
        self._values: dict[str, list[dict[str, int]]] = {"inputs": [], "expected": [], "found": []}
        error = None
        try:
            await self._reset()
            for stream in self.streams:
                stream.stall(0.0, 1)
            self.model.load({name: np.full(self.synapses, value) for name, value in demonstration.state.items()})
            await self._load_word(synapse)
            for moment in demonstration.timesteps:
                await self._watch({f.name: moment.get(f.name, 0) for f in self.spec.inputs}, synapse)
            self._compare(synapse)
        except MismatchError as mismatch:
            error = mismatch
        except StepError as broken:
            error = MismatchError.of_model(broken, label="demonstration: ")
        return self._record(demonstration, synapse), error

    async def _load_word(self, synapse: int) -> None:
        self._one_access(1, synapse, [self.model.state[f.name][synapse] for f in self.spec.state])
        self.writes[synapse % self.lanes].expect(1)
        await self._moved("demonstration: load")

    def _one_access(self, write: int, synapse: int, word: list[int]) -> None:
        """Queue one access of the host to the synapse's word."""
        lane = [synapse % self.lanes] if self.lanes > 1 else []
        self.host.load([np.array([value]) for value in (write, *lane, synapse // self.lanes, *word)])

    async def _watch(self, moment: dict[str, int], synapse: int) -> None:
        """Play one timestep and keep what the synapse was given, should hold, and holds."""
        inputs = {f.name: np.full((1, self.synapses), moment[f.name]) for f in self.spec.synapse_inputs}
        inputs |= {f.name: np.array([moment[f.name]]) for f in self.spec.step_inputs}
        states, outputs = self.model.run(inputs)
        await self._settled()
        self._offer(inputs, 1)
        self.result.expect(self.words)
        await self._moved("demonstration: timestep")
        lane, address = synapse % self.lanes, synapse // self.lanes
        self.board.count("demonstration", "result beats", self.words, self.result.left)
        results = [column[address] for column in self.result.take()[1 + lane :: self.lanes]]
        await self._settled()
        self._one_access(0, synapse, [0] * len(self.spec.state))
        self.readback.expect(1)
        await self._moved("demonstration: read-back")
        self.board.count("demonstration", "words read back", 1, self.readback.left)
        state = [column[0] for column in self.readback.take()]
        self._values["inputs"].append(moment)
        self._values["expected"].append({f.name: int((states | outputs)[f.name][0, synapse]) for f in self._shown})
        found = zip([*self.spec.outputs, *self.spec.state], [*results, *state], strict=True)
        self._values["found"].append({f.name: int(value) for f, value in found})

    @property
    def _shown(self) -> list[Field]:
        """State, and the outputs that are not state fields under another view."""
        return list({f.name: f for f in (*self.spec.state, *self.spec.outputs)}.values())

    def _compare(self, synapse: int) -> None:
        expected, found = (
            {f.name: np.array([row[f.name] for row in self._values[kind]]) for f in self._shown} for kind in ("expected", "found")
        )

        def context(step: int) -> dict[str, Any]:
            return {"timestep": step, "synapse": synapse, "inputs": self._values["inputs"][step]}

        self.board.tables("demonstration", expected, found, context)

    def _record(self, demonstration: Demonstration, synapse: int) -> dict[str, Any]:
        def signal(f: Field, **values: list[int]) -> dict[str, Any]:
            return {"name": f.name, "meaning": f.meaning, "bits": f.bits, "signed": f.signed, **values}

        def column(kind: str, f: Field) -> list[int]:
            return [row[f.name] for row in self._values[kind]]

        return {
            "synapse": synapse,
            "stretches": [{"name": name, "timesteps": len(moments)} for name, moments in demonstration.stretches.items()],
            "inputs": [signal(f, values=column("inputs", f)) for f in self.spec.inputs],
            "fields": [signal(f, expected=column("expected", f), found=column("found", f)) for f in self._shown],
        }
