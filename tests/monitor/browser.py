"""A headless Chromium, asked by the WebDriver protocol: what a page shows, what it asks for, and how it looks."""

import base64
import json
import shutil
import subprocess
import time
from contextlib import contextmanager, suppress
from urllib.error import URLError
from urllib.request import Request, urlopen

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
LACKING = "" if CHROMIUM and DRIVER else "no chromium and chromedriver: apt-get install chromium chromium-driver"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class Browser:
    """A page in a session of the driver at ``url``."""

    def __init__(self, url, session):
        self._session = f"{url}/session/{session}"

    def ask(self, path, body=None, method=None):
        return ask(f"{self._session}/{path}", body, method)

    def cdp(self, command, **parameters):
        return self.ask("goog/cdp/execute", {"cmd": command, "params": parameters})

    def look(self, width, height, scheme):
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)

    def open(self, url):
        self.ask("url", {"url": url})

    def value(self, script):
        return self.ask("execute/sync", {"script": f"return {script}", "args": []})

    def wait(self, script, seconds=30.0):
        """Return what a script says as soon as that is true."""
        end = time.monotonic() + seconds
        while not (value := self.value(script)):
            assert time.monotonic() < end, f"{script}: never"
            time.sleep(0.1)
        return value

    def complaints(self):
        """Return what the console says since it was asked last."""
        return [entry["message"] for entry in self.ask("se/log", {"type": "browser"})]

    def picture(self):
        """Return the whole page as a PNG."""
        return base64.b64decode(self.cdp("Page.captureScreenshot", captureBeyondViewport=True)["data"])


def ask(url, body=None, method=None):
    """Return what a driver answers."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data, {"Content-Type": "application/json"}, method=method)  # noqa: S310 - of the driver on this machine
    with urlopen(request, timeout=60) as answer:  # noqa: S310
        return json.load(answer)["value"]


@contextmanager
def browser(folder):
    """Give a browser that keeps what it keeps in a folder."""
    command = [DRIVER, "--port=0", f"--log-path={folder / 'driver.log'}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            said = next(line for line in process.stdout if "successfully" in line)
            url = f"http://127.0.0.1:{said.split('on port ')[1].strip().rstrip('.')}"
            options = {"binary": CHROMIUM, "args": [*FLAGS, f"--user-data-dir={folder / 'profile'}"]}
            wanted = {"alwaysMatch": {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}
            session = ask(f"{url}/session", {"capabilities": wanted})["sessionId"]
            try:
                yield Browser(url, session)
            finally:
                with suppress(URLError):
                    ask(f"{url}/session/{session}", method="DELETE")
        finally:
            process.terminate()
