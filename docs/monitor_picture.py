"""Take the picture of docs/monitor.md: ``python docs/monitor_picture.py URL`` of a page of ``sc-hw monitor`` that is open.

It writes docs/images/monitor.png, with few colours. Needs Chromium and its driver.
"""

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs/images/monitor.png"
WIDTH, HEIGHT, COLOURS = 1100, 900, 200


def main() -> None:
    """Take it."""
    sys.path.insert(0, str(ROOT))
    from tests.monitor.browser import browser

    with tempfile.TemporaryDirectory() as folder, browser(Path(folder)) as page:
        page.look(WIDTH, HEIGHT, "light")
        page.open(sys.argv[1])
        page.wait("!document.getElementById('weights').hidden")
        picture = Image.open(io.BytesIO(page.picture()))
    picture.convert("RGB").quantize(COLOURS).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
