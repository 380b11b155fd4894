"""The page in a browser: what it shows, that it asks no other machine, and how it looks on a phone and in the dark."""

import json
import os
from pathlib import Path

import pytest

from sc_hw.monitor.network import NetworkWatch
from sc_hw.monitor.plan import Plan
from sc_hw.monitor.server import Server
from sc_hw.monitor.view import View

from ..daily import check
from .browser import LACKING, browser
from .chips import Chip, samples

pytestmark = [
    pytest.mark.skipif(bool(LACKING), reason=LACKING),
    check("starts a browser; what it asks for is asked in every run"),
]
HOSTILE = "<img src=x onerror=document.title='taken'>"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("browser")) as found:
        yield found


@pytest.fixture
def shown(chromium):
    view = View()
    about = {"title": HOSTILE, "design": "6-4-3", "line": HOSTILE, "version": "0"}
    view.show(about=about)
    NetworkWatch(Chip(), samples(), Plan(most=40, test=10, every=10, fresh=True), view).run()
    with Server(view) as server:
        chromium.complaints()
        chromium.look(1200, 900, "light")
        chromium.open(server.url)
        chromium.wait("document.getElementById('state').textContent === 'testing'")
        yield chromium, view, server


def text(page, name):
    return page.value(f"document.getElementById('{name}').innerText")


def painted(page, name):
    """Return how many colours a canvas has."""
    return page.value(
        f"(() => {{ const c = document.querySelector('{name}');"
        " const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        " const all = new Set(); for (let k = 0; k < d.length; k += 4) all.add(d.slice(k, k + 4).join()); return all.size; })()"
    )


def test_everything_is_shown_and_names_are_no_markup(shown):
    page, view, _ = shown
    assert text(page, "title") == HOSTILE
    assert page.value("document.title").startswith("<img")
    assert "40" in text(page, "figures")
    assert page.value("document.querySelectorAll('#curve polyline').length") == 2
    assert page.value("document.querySelectorAll('#images canvas').length") == 4 + 3
    for name in ("#spikes", "#marks", "#sample", "#images canvas"):
        assert painted(page, name) > 1, name
    view.show(status={"state": "learning", "text": HOSTILE})
    page.wait("document.getElementById('state').textContent === 'learning'")
    assert text(page, "text") == HOSTILE
    assert page.value("document.querySelectorAll('img').length") == 0
    assert page.complaints() == []  # not of the Content-Security-Policy either


def test_it_asks_nobody_else_and_nobody_else_gets_in(shown):
    page, _, server = shown
    asked = page.value("performance.getEntriesByType('resource').map((one) => one.name)")
    assert len(asked) >= 4
    assert all(one.startswith(server.url) for one in asked)
    refused = page.ask(
        "execute/async",
        {
            "script": "const done = arguments[0]; fetch('http://127.0.0.1:9/').then(() => done(0), (e) => done(String(e)))",
            "args": [],
        },
    )
    assert "Failed to fetch" in refused
    assert any("Content Security Policy" in one for one in page.complaints())
    page.open("about:blank")  # a page from elsewhere cannot read what is here
    page.value("document.write('<p>other</p>')")
    script = f"const done = arguments[0]; fetch('{server.url}data?after=0').then(() => done(0), (e) => done(String(e)))"
    assert "Failed to fetch" in page.ask("execute/async", {"script": script, "args": []})


def test_the_line_goes_away(shown):
    page, view, _ = shown
    view.show(status={"state": "lost", "text": "/dev/pts/3: the line is gone"})
    page.wait("document.getElementById('state').textContent === 'the line is gone'")
    assert "the last that the chip said" in text(page, "gone")
    assert painted(page, "#spikes") > 1  # what was shown stays


def test_the_monitor_goes_away(shown):
    page, _, server = shown
    assert page.value("document.getElementById('gone').hidden")
    server.close()
    page.wait("!document.getElementById('gone').hidden")
    assert "sc-hw monitor has ended" in text(page, "gone")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
def test_it_fits_and_follows_the_scheme(shown, tmp_path, width, scheme):
    page, _, server = shown
    page.look(width, 844, scheme)
    page.open(server.url)
    page.wait("document.getElementById('state').textContent === 'testing'")
    assert page.value("document.documentElement.scrollWidth") <= width
    inside = "[...document.querySelectorAll('main *')].filter((one) => one.getBoundingClientRect().right > innerWidth + 1).length"
    assert page.value(inside) == 0
    ground = json.loads(page.value("JSON.stringify(getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number))"))
    assert (sum(ground) > 384) == (scheme == "light")
    folder = Path(os.environ.get("SC_HW_SCREENSHOTS", tmp_path))
    (folder / f"monitor_{width}_{scheme}.png").write_bytes(page.picture())
