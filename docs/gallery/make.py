"""Build the pages and the pictures of the gallery: run the commands of its README, and take screenshots.

Usage: ``python docs/gallery/make.py``, with ndmem installed and Chromium on the path.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

_SIZE = (1280, 880)
_CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")


def main() -> None:
    """Build all pages and pictures again."""
    chromium = next(filter(None, map(shutil.which, _CHROMIUMS)), None)
    if chromium is None:
        sys.exit(f"no Chromium on the path (searched for {', '.join(_CHROMIUMS)}); install one of them")
    commands = re.findall(r"^\$ (.*)$", (HERE / "README.md").read_text("utf-8"), re.MULTILINE)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT / "examples", folder / "examples")
        for command in commands:
            subprocess.run(command, shell=True, cwd=folder, check=True)
        for page in sorted(folder.glob("*.html")):
            shutil.copy(page, HERE)
            take_screenshot(chromium, folder, page.stem)


def take_screenshot(chromium: str, folder: Path, name: str) -> None:
    """Write a screenshot of the top of a page to ``NAME.png``."""
    # With Plotly inside the page: the screenshot must not need a network.
    subprocess.run(
        ["ndmem", "report", f"{name}.ndmem", "--format", "html", "-o", "whole.htm"], cwd=folder, check=True
    )  # fmt: skip
    subprocess.run(
        [
            chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            f"--user-data-dir={folder / 'profile'}", "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--window-size={_SIZE[0]},{_SIZE[1]}", "--virtual-time-budget=10000", f"--screenshot={HERE / name}.png",
            (folder / "whole.htm").as_uri(),
        ],
        check=True, capture_output=True,
    )  # fmt: skip


if __name__ == "__main__":
    main()
