"""The command line, called in this process."""

import sys

import pytest

from sc_hw.cli import main


@pytest.fixture
def sc_hw(monkeypatch, capsys):
    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["sc-hw", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_info:
            main()
        captured = capsys.readouterr()
        return exit_info.value.code or 0, captured.out, captured.err

    return call
