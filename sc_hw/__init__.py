"""sc-hw: synthesizable learning cores from readable golden models, checked bit for bit and measured.

    import sc_hw
    core = sc_hw.emit(rule="r_stdp", synapses=1024, learning_shift=6)
    core.sim(steps=1000); core.prove(); core.synth("ecp5-25k").table()

Every verb of the command line is a function here (docs/python.md).
"""

import sys

TYPE_CHECKING = False  # nothing is imported here: until sc_hw.start runs, a signal is told by Python, as a traceback
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    from .api.board import board as board
    from .api.board import monitor as monitor
    from .api.core import Core as Core
    from .api.core import emit as emit
    from .api.core import load as load
    from .api.imports import imported as imported
    from .api.learn import accuracy as accuracy
    from .api.learn import derive as derive
    from .api.learn import fit as fit
    from .api.learn import train as train
    from .api.make import files as files
    from .api.make import rule_check as rule_check
    from .api.make import rule_new as rule_new
    from .api.make import rules as rules
    from .api.make import vectors as vectors
    from .api.measure import absorb as absorb
    from .api.measure import doctor as doctor
    from .api.measure import estimate as estimate
    from .api.measure import explore as explore
    from .api.measure import pnr as pnr
    from .api.measure import synth as synth
    from .api.network import NetworkClassifier as NetworkClassifier
    from .api.network import network as network
    from .api.package import package as package
    from .api.result import Result as Result
    from .api.verify import mutate as mutate
    from .api.verify import prove as prove
    from .api.verify import replay as replay
    from .api.verify import report as report
    from .api.verify import selftest as selftest
    from .api.verify import sim as sim
    from .errors import CheckError as CheckError
    from .errors import UserError as UserError

else:
    ModuleType = type(sys)

_ROOMS = {
    "api.board": ("board", "monitor"),
    "api.core": ("Core", "emit", "load"),
    "api.imports": ("imported",),
    "api.network": ("NetworkClassifier", "network"),
    "api.package": ("package",),
    "api.result": ("Result",),
    "errors": ("CheckError", "UserError"),
    "api.make": ("files", "rule_check", "rule_new", "rules", "vectors"),
    "api.learn": ("accuracy", "derive", "fit", "train"),
    "api.measure": ("absorb", "doctor", "estimate", "explore", "pnr", "synth"),
    "api.verify": ("mutate", "prove", "replay", "report", "selftest", "sim"),
}
_PLACES = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = ["__version__", *_PLACES]


class _Package(ModuleType):
    """The package: a verb's name is its function, though the room of the verb is a module of that name.

    Nothing is imported before it is asked for.
    """

    def __getattribute__(self, name: str) -> "Any":
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
