"""Which Yosys is used."""

from pathlib import Path

import pytest

from sc_hw.errors import UserError
from sc_hw.yosys import YosysError, find_yosys, run_pinned_yosys, run_yosys


def fake(folder: Path, number: str) -> Path:
    folder.mkdir()
    path = folder / "yosys"
    path.write_text(f'#!/bin/sh\nif [ "$1" = -V ]; then echo \'Yosys {number} (git sha1 0)\'; else echo ran; cat "$2"; fi\n')
    path.chmod(0o755)
    return path


def test_new_yosys_on_path_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SC_HW_YOSYS", raising=False)
    new = fake(tmp_path / "new tools", "0.71+12")
    monkeypatch.setenv("PATH", f"{new.parent}:/usr/bin:/bin")
    assert find_yosys() == (new, "0.71+12")
    assert run_yosys("stat\n", path=new) == "ran\nstat\n"


def test_old_or_missing_yosys_falls_back_to_the_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SC_HW_YOSYS", raising=False)
    old = fake(tmp_path / "old", "0.9")
    for path in (old.parent, tmp_path):
        monkeypatch.setenv("PATH", str(path))
        assert find_yosys()[0] is None


def test_named_yosys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new, old = fake(tmp_path / "new", "1.0"), fake(tmp_path / "old", "0.69")
    monkeypatch.setenv("SC_HW_YOSYS", str(new))
    assert find_yosys() == (new, "1.0")
    monkeypatch.setenv("SC_HW_YOSYS", str(old))
    with pytest.raises(UserError, match=r"is Yosys 0.69; name a Yosys >= 0.70"):
        find_yosys()
    monkeypatch.setenv("SC_HW_YOSYS", "/nowhere/yosys")
    with pytest.raises(UserError, match="is no Yosys that runs"):
        find_yosys()


def test_error_names_its_reason(tmp_path: Path) -> None:
    with pytest.raises(YosysError) as error:
        run_pinned_yosys("read_verilog missing.v\n", cwd=tmp_path)
    assert error.value.reason.startswith("ERROR:")
    assert "missing.v" in error.value.reason
