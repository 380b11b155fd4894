"""Tables keep every name and figure, whatever the width of what they are printed to."""

import io

import pytest
from rich.table import Table

from sc_hw.console import Console

NAME, FIGURES = "a_layer_with_a_name_of_forty_eight_characters_0123", [f"{k},234,567,890" for k in range(1, 9)]


def shown(**options):
    table = Table("name")
    for k in range(len(FIGURES)):
        table.add_column(f"figure {k}", justify="right")
    table.add_row(NAME, *FIGURES)
    table.add_row("[bold]memory[weight]:red:", *FIGURES)
    file = io.StringIO()
    Console(file=file, color_system=None, **options).print(table)
    return file.getvalue()


@pytest.mark.parametrize("columns", ["", "20", "80"])
def test_in_a_log_a_row_is_a_line(columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", columns)
    rows = [line for line in shown().splitlines() if FIGURES[0] in line]
    assert len(rows) == 2
    assert NAME in rows[0]
    assert "[bold]memory[weight]:red:" in rows[1]  # text, no markup
    assert all(figure in row for figure in FIGURES for row in rows)


@pytest.mark.parametrize("width", [20, 40, 80, 132])
def test_on_a_narrow_terminal_names_go_on_and_figures_stay_whole(width):
    text = shown(force_terminal=True, width=width)
    assert all(text.count(figure) == 2 for figure in FIGURES)
    assert "\u2026" not in text
    name = "".join(line.split("\u2502")[1].strip() for line in text.splitlines() if line.startswith("\u2502"))
    assert name == f"{NAME}[bold]memory[weight]:red:"


@pytest.mark.parametrize("columns", ["10", "200"])
def test_verbs_print_their_tables_so(columns, sc_hw, monkeypatch, tmp_path):
    import numpy as np

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", columns)
    np.savez("w.npz", **{NAME[:48]: np.linspace(-1, 1, 12).reshape(3, 4)})
    np.savez("f.npz", **{NAME[:48]: np.linspace(0, 1, 12).reshape(3, 4)})
    status, out, _ = sc_hw("derive", "w.npz", "--importance", "f.npz", "-o", "d")
    assert status == 0
    (row,) = [line for line in out.splitlines() if line.strip().startswith(NAME[:48]) and "code" not in line]
    assert row.split()[:2] == [NAME[:48], "12"]
    if columns == "200":  # one table that a tool fills is enough
        return
    sc_hw("emit", "--from", "d", "-o", "core")
    status, out, _ = sc_hw("synth", "core", "--target", "ice40-hx8k")
    assert status == 0
    (row,) = [line for line in out.splitlines() if "ice40-hx8k" in line]
    assert "yes" in row
    assert "\u2026" not in out
