"""The notebooks in examples run from the first cell to the last, and are kept without outputs."""

from pathlib import Path

import nbclient
import nbformat
import pytest

from ..daily import few

DAILY = "stdp_window"
NOTEBOOKS = sorted((Path(__file__).parents[2] / "examples" / "notebooks").glob("*.ipynb"))


def test_there_are_three():
    assert [path.stem for path in NOTEBOOKS] == ["core", "digits", "stdp_window"]


@pytest.mark.filterwarnings("ignore")  # of the kernel's own libraries
@pytest.mark.parametrize(
    "path",
    few(
        NOTEBOOKS,
        [path for path in NOTEBOOKS if path.stem == DAILY],
        "what the others call is tried by name in every run",
    ),
    ids=lambda path: path.stem,
)
def test_a_notebook_runs(path, monkeypatch):
    monkeypatch.setenv("SC_HW_NOTEBOOK_STEPS", "20")
    monkeypatch.setenv("SC_HW_NOTEBOOK_PASSES", "1")
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    book = nbformat.read(path, as_version=4)
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in book.cells), "strip its outputs"
    nbclient.NotebookClient(book, timeout=120, resources={"metadata": {"path": str(path.parent)}}).execute()
    shown = [key for cell in book.cells for output in cell.get("outputs", ()) for key in output.get("data", ())]
    assert "text/html" in shown
    assert ("image/png" in shown) == (path.stem != "core")
