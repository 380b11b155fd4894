"""How the tests ask about one part of a folder."""

import tempfile
from pathlib import Path

from sc_hw.proof.induction import Inquiry
from sc_hw.proof.solver import find_solver


def ask(prove, core, tmp_path, *solvers, timeout=100, covers=None):
    """Return the obligations of one part of a proof, asked of solvers alone, and those of ``covers``."""
    chosen = [find_solver(name) for name in solvers or ("yices",)]
    scratch = Path(tempfile.mkdtemp(dir=tmp_path))
    inquiry = Inquiry(core=core, solvers=chosen, timeout=timeout, folder=scratch, traces=tmp_path / "traces")
    return [*prove(inquiry), *(covers(inquiry) if covers else ())]
