"""The notebooks in examples run from the first cell to the last, and are kept without outputs."""

import ast
from pathlib import Path

import pytest

import sc_hw

from ..daily import check

FOLDER = Path(__file__).parents[2] / "examples" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
PICTURES = {"core": 0, "curves": 2, "digits": 1}
LONG = "long"  # a tag of cells that synthesise


def read(path):
    import nbformat  # with what it imports, a third of a second of every collection

    return nbformat.read(path, as_version=4)


def run(book, path, monkeypatch):
    """Run a notebook and return the kinds of what it shows."""
    import nbclient

    monkeypatch.setenv("SC_HW_NOTEBOOK_STEPS", "20")
    monkeypatch.setenv("SC_HW_NOTEBOOK_PASSES", "1")
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    nbclient.NotebookClient(book, timeout=300, resources={"metadata": {"path": str(path.parent)}}).execute()
    return [key for cell in book.cells for output in cell.get("outputs", ()) for key in output.get("data", ())]


def unknown(book):
    """Return what code of a notebook asks of the package and is not there."""
    code = "\n".join(cell.source for cell in book.cells if cell.cell_type == "code")
    asked = {
        node.attr
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "sc_hw"
    }
    return asked - set(sc_hw.__all__)


def test_there_are_three():
    assert [path.stem for path in NOTEBOOKS] == sorted(PICTURES)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path):
    import nbformat

    book = read(path)
    nbformat.validate(book)
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in book.cells), "strip its outputs"
    assert unknown(book) == set()
    assert book.cells[0].source.startswith("# ")


def test_what_the_package_lacks_is_noticed():
    import nbformat

    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import sc_hw\nsc_hw.emits(synapses=4).x")])
    assert unknown(book) == {"emits"}


@check("what the notebooks call is tried by name in every run")
@pytest.mark.filterwarnings("ignore")  # of the kernel's own libraries
def test_the_curves_are_drawn(monkeypatch):
    """All but the sweep."""
    path = FOLDER / "curves.ipynb"
    book = read(path)
    book.cells = [cell for cell in book.cells if LONG not in cell.metadata.get("tags", ())]
    shown = run(book, path, monkeypatch)
    assert ("text/html" in shown, shown.count("image/png")) == (True, PICTURES["curves"])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@check("simulates and synthesises; what the notebooks call is tried by name in every run")
def test_a_notebook_runs_whole(path, monkeypatch):
    shown = run(read(path), path, monkeypatch)
    assert ("text/html" in shown, shown.count("image/png")) == (True, PICTURES[path.stem])
