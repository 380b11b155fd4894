"""The emitter of ``r_stdp`` cores from Python, under the name that users of other tools know."""

from typing import Any

from sc_hw_models.checks import check_choice
from sc_hw_models.errors import shown
from sc_hw_models.registry import get_rule
from sc_hw_models.rule import ConfigError, check_integer
from sc_hw_models.rules.r_stdp import OnlineO1Config

from .errors import UserError
from .rtl.design import MAX_SYNAPSES, NAME_RULE, CoreDesign, check_name
from .rtl.emit import core_files
from .rtl.generators import DEFAULT_GENERATOR, GENERATORS

__all__ = ["OnlineO1LearningEmitter"]


class OnlineO1LearningEmitter:
    """Emits cores of a configuration (None: the default). ``module_name`` is the top module's.

    The command ``sc-hw emit`` does the same into a folder that can be simulated, proven and synthesised.
    Errors: ``ConfigError`` names the argument.
    """

    def __init__(self, *, module_name: str = "sc_online_o1_reward_stdp", config: OnlineO1Config | None = None) -> None:
        if config is not None and not isinstance(config, OnlineO1Config):
            raise ConfigError(f"config={shown(config)}: allowed are OnlineO1Config and None")
        try:
            check_name(module_name if isinstance(module_name, str) else "")
        except UserError as error:
            raise ConfigError(f"module_name={shown(module_name)}: not usable as a module name; allowed: {NAME_RULE}") from error
        self.config, self.module_name = config or OnlineO1Config(), module_name
        self._design(1)

    def emit(self, n_synapses: int = 1, *, generator: str = DEFAULT_GENERATOR) -> str:
        """Return the Verilog of a core of ``n_synapses``, all modules in one text, by either generator.

        Errors: ``ConfigError`` for a number or a generator that is not allowed.
        """
        check_choice("generator", generator, GENERATORS)
        files = core_files(self._design(n_synapses), generator)
        return "\n".join(text for name, text in files.items() if name.endswith(".v"))

    def estimate_resources(self, n_synapses: int = 1, *, target: str = "ice40-hx8k") -> dict[str, Any]:
        """Return what a core of ``n_synapses`` will take of a device after synthesis, as ``sc-hw estimate`` does; no tool runs.

        ``lut`` and ``ff`` are dicts of ``estimate``, ``least`` and ``most``; ``block_ram`` and ``dsp`` are exact;
        ``extrapolated`` names what is outside of what was measured.
        Errors: ``ConfigError`` for a number or a device that is not allowed.
        """
        from .estimate.estimate import estimates  # with Amaranth, it costs a quarter of a second
        from .targets import list_targets, load_target

        check_choice("target", target, tuple(list_targets()))
        (found,) = estimates(self._design(n_synapses), [load_target(target)])
        return found.to_dict()

    def _design(self, n_synapses: int) -> CoreDesign:
        n_synapses = check_integer("n_synapses", n_synapses, 1, MAX_SYNAPSES)
        return CoreDesign(name=self.module_name, rule=get_rule("r_stdp"), config=self.config, synapses=n_synapses)
