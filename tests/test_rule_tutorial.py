"""The tutorial's commands run, in its order, and do what it says."""

import shlex
from pathlib import Path

import pytest

from sc_hw_models.rule_file import RULE_FILES

from .daily import check

PAGE = Path(__file__).resolve().parents[1] / "docs/rule_tutorial.md"
DAILY = {"rule", "emit", "sim", "synth"}  # the others take a minute and more


def commands():
    return [shlex.split(line)[1:] for line in PAGE.read_text().splitlines() if line.startswith("    sc-hw ")]


@pytest.mark.parametrize("verbs", [DAILY, pytest.param(None, marks=check("proofs and planted faults, which other tests do too"))])
def test_the_commands_of_the_tutorial_run(sc_hw, tmp_path, monkeypatch, verbs):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sc_hw_models.rule_file._KNOWN", {})
    monkeypatch.setenv(RULE_FILES, "")
    ran = [command for command in commands() if verbs is None or command[0] in verbs]
    assert {command[0] for command in ran} >= DAILY
    for command in ran:
        status, out, err = sc_hw(*command)
        assert status == 0, (command, out, err)


def test_the_line_of_the_tutorial_is_what_check_says(sc_hw, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sc_hw_models.rule_file._KNOWN", {})
    monkeypatch.setenv(RULE_FILES, "")
    sc_hw("rule", "new", "my_rule")
    path = tmp_path / "my_rule.py"
    path.write_text(path.read_text().replace("trace = select(pre, full, decayed)", "trace = full if pre else decayed"))
    (line,) = (line.strip() for line in PAGE.read_text().splitlines() if line.startswith("    my_rule.py:"))
    assert sc_hw("rule", "check", "my_rule.py")[:2] == (2, f"{tmp_path}/{line}\n")
