"""The tools of the families that work out how a PLL is set."""

import re
from pathlib import Path

from sc_hw_models.scratch import run_process, temporary_folder

from ...errors import UserError
from ...pnr.nextpnr import companion

__all__ = ["pll_text"]


def pll_text(tool: str, arguments: list[str], achieved: str, *, mhz: float, given: float) -> tuple[str, float]:
    """Return the Verilog that a tool writes to ``pll.v`` and the MHz that it says of it, which ``achieved`` finds.

    Errors: ``UserError`` when the tool is missing, cannot make such a clock, or none near it.
    """
    path = companion(tool)
    if path is None:
        raise UserError(
            f"--clock {mhz:g}: {tool} is not installed, which sets the PLL; install it with: pip install 'sc-hw[boards]'"
        )
    with temporary_folder() as folder:
        done = run_process([path, *arguments], cwd=folder)
        file = Path(folder / "pll.v")
        text = file.read_text(encoding="utf-8") if file.is_file() and not done.returncode else ""
    found = re.search(achieved, text)
    if not found or abs(float(found[1]) / mhz - 1) > 0.05:
        near = f"; the nearest is {float(found[1]):g}" if found else ""
        raise UserError(f"--clock {mhz:g}: the PLL makes no such clock of {given:g} MHz{near}; give another, or leave it out")
    # The tools' own names for numbers and dates are left out: a module and nothing else.
    return text[text.index("module pll") if "module pll" in text else 0 :], float(found[1])
