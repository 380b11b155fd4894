"""The emitter of ``r_stdp`` cores from Python, under the name that users of other tools know."""

from typing import Any

from sc_hw_models.registry import get_rule
from sc_hw_models.rule import ConfigError
from sc_hw_models.rules.r_stdp import OnlineO1Config

from .rtl.design import CoreDesign
from .rtl.emit import core_files
from .rtl.generators import DEFAULT_GENERATOR

__all__ = ["OnlineO1LearningEmitter"]


class OnlineO1LearningEmitter:
    """Emits cores of a configuration (None: the default). ``module_name`` is the top module's.

    The command ``sc-hw emit`` does the same into a folder that can be simulated, proven and synthesised.
    Errors: ``ConfigError`` for what is no configuration; ``UserError`` for a name that Verilog does not take.
    """

    def __init__(self, *, module_name: str = "sc_online_o1_reward_stdp", config: OnlineO1Config | None = None) -> None:
        if config is not None and not isinstance(config, OnlineO1Config):
            raise ConfigError(f"config={config!r}: allowed are OnlineO1Config and None")
        self.config, self.module_name = config or OnlineO1Config(), module_name
        self._design(1)

    def emit(self, n_synapses: int = 1, *, generator: str = DEFAULT_GENERATOR) -> str:
        """Return the Verilog of a core of ``n_synapses``, all modules in one text, by either generator.

        Errors: ``UserError`` for a number or a generator that is not allowed.
        """
        files = core_files(self._design(n_synapses), generator)
        return "\n".join(text for name, text in files.items() if name.endswith(".v"))

    def estimate_resources(self, n_synapses: int = 1, *, target: str = "ice40-hx8k") -> dict[str, Any]:
        """Return what a core of ``n_synapses`` will take of a device after synthesis, as ``sc-hw estimate`` does; no tool runs.

        ``lut`` and ``ff`` are dicts of ``estimate``, ``least`` and ``most``; ``block_ram`` and ``dsp`` are exact;
        ``extrapolated`` names what is outside of what was measured.
        Errors: ``UserError`` for a number or a device that is not allowed.
        """
        from .estimate.estimate import estimates  # with Amaranth, it costs a quarter of a second
        from .targets import load_target

        (found,) = estimates(self._design(n_synapses), [load_target(target)])
        return found.to_dict()

    def _design(self, n_synapses: int) -> CoreDesign:
        return CoreDesign(name=self.module_name, rule=get_rule("r_stdp"), config=self.config, synapses=n_synapses)
