"""sc-hw: synthesizable learning cores from readable golden models, checked bit for bit and measured.

    import sc_hw
    core = sc_hw.emit(rule="r_stdp", synapses=1024, learning_shift=6)
    core.sim(steps=1000); core.prove(); core.synth("ecp5-25k").table()

Every verb of the command line is a function here (docs/python.md).
"""

import sys
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api.core import Core as Core
    from .api.core import emit as emit
    from .api.core import load as load
    from .api.network import Network as Network
    from .api.network import network as network
    from .api.result import Result as Result
    from .api.verbs import accuracy as accuracy
    from .api.verbs import derive as derive
    from .api.verbs import doctor as doctor
    from .api.verbs import estimate as estimate
    from .api.verbs import explore as explore
    from .api.verbs import files as files
    from .api.verbs import fit as fit
    from .api.verbs import mutate as mutate
    from .api.verbs import pnr as pnr
    from .api.verbs import prove as prove
    from .api.verbs import replay as replay
    from .api.verbs import report as report
    from .api.verbs import rule_check as rule_check
    from .api.verbs import rule_new as rule_new
    from .api.verbs import rules as rules
    from .api.verbs import selftest as selftest
    from .api.verbs import sim as sim
    from .api.verbs import synth as synth
    from .api.verbs import train as train
    from .api.verbs import vectors as vectors
    from .errors import CheckError as CheckError
    from .errors import UserError as UserError

_ROOMS = {
    "api.core": ("Core", "emit", "load"),
    "api.network": ("Network", "network"),
    "api.result": ("Result",),
    "errors": ("CheckError", "UserError"),
    "api.verbs": (
        "accuracy",
        "derive",
        "doctor",
        "estimate",
        "explore",
        "files",
        "fit",
        "mutate",
        "pnr",
        "prove",
        "replay",
        "report",
        "rule_check",
        "rule_new",
        "rules",
        "selftest",
        "sim",
        "synth",
        "train",
        "vectors",
    ),
}
_PLACES = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = ["__version__", *_PLACES]


class _Package(types.ModuleType):
    """The package: a verb's name is its function, though the room of the verb is a module of that name.

    Nothing is imported before it is asked for.
    """

    def __getattribute__(self, name: str) -> Any:
        if name in _PLACES:
            from importlib import import_module

            return getattr(import_module(f"sc_hw.{_PLACES[name]}"), name)
        return super().__getattribute__(name)

    def __getattr__(self, name: str) -> str:
        if name != "__version__":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib.metadata import version  # reading it takes longer than all else that the package does at first

        return version("sc-hw")

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *__all__})


sys.modules[__name__].__class__ = _Package

__version__: str
