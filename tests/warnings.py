"""What Verilator and Icarus have to say of Verilog when they are asked for all their warnings."""

import os
import shutil
import subprocess
from pathlib import Path

from sc_hw.toolchain import verilator

__all__ = ["warnings"]


def warnings(top, files, folder):
    """Return what the tools say of ``files`` (paths from ``folder``), the top first; nothing, when they are content."""
    tool = verilator().require()
    path = f"{Path(tool.path).parent}:{os.environ['PATH']}"
    commands = [[tool.path, "--lint-only", "-Wall", "--top-module", top, *files]]
    if icarus := shutil.which("iverilog"):
        commands.append([icarus, "-g2005", "-Wall", "-s", top, "-o", os.devnull, *files])
    said = ""
    for command in commands:
        done = subprocess.run(
            list(map(str, command)),
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            env=os.environ | dict(tool.environment) | {"PATH": path},
        )
        said += done.stderr or (f"{command[0]}: status {done.returncode}\n" if done.returncode else "")
    return said
