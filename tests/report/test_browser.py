"""The page in a real browser, of a good and a broken core: light and dark, no console message, no request, every section."""

import re
import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from sc_hw.cli import main
from sc_hw.report import page

from ..daily import check, few
from ..monitor.browser import FLAGS

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no chromium, chromium-browser or google-chrome on PATH")

QUIET = (*FLAGS, "--hide-scrollbars", "--enable-logging=stderr")
SECTIONS = (
    "verdicts",
    "core",
    "resources",
    "proof",
    "parity",
    "coverage",
    "mutants",
    "faults",
    "waveforms",
    "accuracy",
    "provenance",
)
PAGE_COLOURS = {"light": (0xF5, 0xF6, 0xF8), "dark": (0x0E, 0x12, 0x17)}


@pytest.fixture
def browse(tmp_path):
    """Run the browser on a page; return its standard output and the console messages."""

    def run(path, *options: str) -> tuple[str, list[str]]:
        command = [BROWSER, *QUIET, f"--user-data-dir={tmp_path / 'profile'}", *options, path.as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]

    return run


def sc_hw(monkeypatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["sc-hw", *map(str, arguments)])
    try:
        main()
    except SystemExit as end:
        return end.code or 0
    return 0


def pixels(path) -> tuple[tuple[int, ...], int]:
    """Return the first pixel of a PNG and how many different bytes its filtered rows have."""
    data, offset, packed = path.read_bytes(), 8, b""
    while offset < len(data):
        length, kind = struct.unpack(">I4s", data[offset : offset + 8])
        packed += data[offset + 8 : offset + 8 + length] if kind == b"IDAT" else b""
        offset += 12 + length
    rows = zlib.decompress(packed)
    return tuple(rows[1:4]), len(set(rows))  # no filter changes the first pixel of the first row


@check("what the page says is compared in every run; this looks at it in a browser")
@pytest.mark.parametrize("broken", few([True, False], 1, "the same page without what is missing"))
def test_the_page(make_core, monkeypatch, browse, tmp_path, broken):
    core = make_core(synapses=20, lanes=3)
    if broken:
        path = core.folder / "dut_datapath.v"
        good = "assign next_weight = weight_7;"
        assert good in path.read_text()
        path.write_text(path.read_text().replace(good, "assign next_weight = weight_7 ^ {15'd0, next_pre_trace[0]};"))
    assert sc_hw(monkeypatch, "sim", core.folder, "--steps", "40") == broken
    assert sc_hw(monkeypatch, "synth", core.folder, "--target", "ice40-up5k", "--module", "lane") == 0
    assert sc_hw(monkeypatch, "report", core.folder) == 1  # wrong, or partial: 40 timesteps, and only the lane
    report = core.folder / "results" / "report.html"
    dom, messages = browse(report, "--dump-dom")
    assert messages == []
    assert [name for name in SECTIONS if f'<section id="{name}"' not in dom] == []
    assert dom.count('<path class="rtl"') == len(core.design.spec.state)
    assert dom.count('<path class="golden"') == len(core.design.spec.state)
    differing = set(re.findall(r"<code>(\w+)</code> differs in", dom))
    assert differing == ({"weight"} if broken else set())
    assert ('class="different"' in dom) == broken
    for number, (scheme, colour) in enumerate([("dark", PAGE_COLOURS["dark"]), ("light", PAGE_COLOURS["light"])]):
        shot = tmp_path / f"{scheme}.png"
        browse(report, f"--blink-settings=preferredColorScheme={number}", "--window-size=1200,2000", f"--screenshot={shot}")
        first, variety = pixels(shot)
        assert first == colour
        assert variety > 100


def test_the_browser_would_tell_of_a_request(browse, tmp_path):
    """The check above bites: the page's own policy refuses a request, and the console says so."""
    template = Path(page.__file__).with_name("page.html.j2").read_text()
    policy = re.search(r"<meta http-equiv=.*>", template).group()
    path = tmp_path / "request.html"
    path.write_text(f'<html><head>{policy}</head><body><img src="https://localhost:9/x.png"></body></html>')
    _, messages = browse(path, "--dump-dom")
    assert any("Content Security Policy" in message for message in messages)
