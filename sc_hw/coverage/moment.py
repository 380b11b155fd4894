"""A moment of a design: what can be so in one clock, as a Verilog condition over its ports, and the scene that leads there."""

from dataclasses import dataclass

__all__ = ["Moment", "Place", "Registers", "places"]

# The next values of what is kept of a module from clock to clock, and those after a reset that are not 0.
Registers = tuple[dict[str, str], dict[str, str]]

_HELD = ("idle", "a result waits", "a read word waits", "a clear drains", "last event is taken", "a host write, clock 1")


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A ``condition`` in Verilog and the ``scene`` of the bench, at the core number ``part`` of the design, that leads to it.

    ``reset``: the core is reset in this clock, for one clock, and where ``held`` for eight in another trial. ``meets``: the
    scene is also played to its end. ``many`` is how many timesteps or clocks a scene has whose length is not its own.
    """

    name: str
    condition: str
    scene: str
    part: int = 0
    reset: bool = True
    meets: bool = False
    many: int = 1

    @property
    def held(self) -> bool:
        """Whether a long reset begins here, too."""
        return self.reset and self.name.rpartition(": ")[2] in _HELD


@dataclass(frozen=True)
class Place:
    """A module in the bench: ``path`` begins its ports, ``tag`` the names of what is kept of it; ``title`` begins its moments."""

    path: str
    tag: str
    title: str
    part: int

    def port(self, name: str) -> str:
        """Return a port of the module."""
        return f"{self.path}.{name}"

    def moves(self, stream: str) -> str:
        """Return that a stream's beat moves."""
        return f"({self.path}.{stream}_valid & {self.path}.{stream}_ready)"

    def waits(self, stream: str) -> str:
        """Return that a stream's beat waits."""
        return f"({self.path}.{stream}_valid & ~{self.path}.{stream}_ready)"

    def moment(self, name: str, condition: str, scene: str, *, reset: bool = True, meets: bool = False, many: int = 1) -> Moment:
        """Return a moment of the module."""
        return Moment(
            name=self.title + name, condition=condition, scene=scene, part=self.part, reset=reset, meets=meets, many=many
        )


def places(count: int) -> dict[str, int]:
    """Return the first, a middle and the last of some, as far as these differ."""
    return {
        name: place
        for name, place in {"a middle": count // 2, "first": 0, "last": count - 1}.items()
        if name == "last" or (place < count - 1 and (name == "first" or place))
    }
