"""Rules from files, known in one test only."""

import pytest

from sc_hw_models.rule_file import RULE_FILES, add_rule_file


@pytest.fixture(autouse=True)
def forget(monkeypatch):
    """Forget the rules of files that a test gives."""
    monkeypatch.setattr("sc_hw_models.rule_file._KNOWN", {})
    monkeypatch.setenv(RULE_FILES, "")


@pytest.fixture
def written(tmp_path):
    """Write a rule's file and make its rule known."""

    def write(name, text):
        path = tmp_path / f"{name}.py"
        path.write_text(text)
        return add_rule_file(path)

    return write
