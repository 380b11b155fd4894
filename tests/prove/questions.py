"""How the tests ask about one part of a folder."""

import tempfile
from pathlib import Path

from sc_hw.proof.induction import Inquiry
from sc_hw.proof.solver import find_solver


def _inquiry(core, tmp_path, solvers, timeout):
    chosen = [find_solver(name) for name in solvers]
    scratch = Path(tempfile.mkdtemp(dir=tmp_path))
    return Inquiry(core=core, solvers=chosen, timeout=timeout, folder=scratch, traces=tmp_path / "traces")


def ask(prove, core, tmp_path, *solvers, timeout=100, covers=None):
    """Return the obligations of one part of a proof, asked of solvers alone, and those of ``covers``."""
    inquiry = _inquiry(core, tmp_path, solvers or ("yices",), timeout)
    return [*prove(inquiry), *(covers(inquiry) if covers else ())]


def first_refuted(prove, core, tmp_path, wanted, *, solver="yices", timeout=100):
    """Return the first obligation among the ``wanted`` that is refuted, ``None`` if all hold; what comes after is not asked."""
    obligations = prove(_inquiry(core, tmp_path, (solver,), timeout))
    return next((o for o in obligations if o.verdict == "refuted" and o.name in wanted), None)
