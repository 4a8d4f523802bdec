"""Chromium without a window, driven by its debugging protocol: pages that change while they are open."""

import base64
import itertools
import json
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.reporting.html.browser import CHROMIUM
from websockets.sync.client import ClientConnection, connect

_LONGEST_S = 60.0


class Page:
    """One open page: what it shows, and what its scripts wrote to the console."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._numbers = socket, itertools.count(1)
        self.console: list[str] = []
        for name in ("Page.enable", "Runtime.enable", "Log.enable"):
            self.call(name)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv(timeout=_LONGEST_S))
            if message.get("id") == number:
                assert "error" not in message, message
                return message["result"]
            self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        found = message.get("params", {})
        if message.get("method") == "Log.entryAdded":
            self.console.append(f"{found['entry']['level']}: {found['entry']['text']} {found['entry'].get('url', '')}")
        elif message.get("method") == "Runtime.exceptionThrown":
            self.console.append(json.dumps(found["exceptionDetails"])[:500])
        elif message.get("method") == "Runtime.consoleAPICalled":
            self.console.append(json.dumps(found["args"])[:500])

    def open(self, address: str) -> None:
        """Load an address."""
        self.call("Page.navigate", url=address)

    def ask(self, expression: str) -> Any:
        """Return the value of an expression, which may be a promise."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        return found["result"].get("value")

    def wait_for(self, expression: str, *, until: Callable[[Any], bool] = bool) -> Any:
        """Return the value of an expression as soon as it fulfils a condition."""
        self.call("Page.bringToFront")  # a page behind others draws nothing
        end = time.monotonic() + _LONGEST_S
        while time.monotonic() < end:
            value = self.ask(f"(() => {{ try {{ return {expression}; }} catch {{ return null; }} }})()")
            if value is not None and until(value):
                return value
            time.sleep(0.05)  # the page is asked again; nothing waits for this time
        raise AssertionError(f"{expression} is {value!r}; the page: {self.ask('document.body.innerText')[:500]}")

    def resize(self, width: int, height: int, *, theme: str = "light") -> None:
        """Set the size of the window, and the theme that the user prefers."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])

    def picture(self, file: Path) -> None:
        """Save the whole page as a picture."""
        height = self.ask("document.documentElement.scrollHeight")
        width = self.ask("innerWidth")
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        found = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        file.write_bytes(base64.b64decode(found["data"]))


@contextmanager
def chromium(folder: Path) -> Iterator[Callable[[], Page]]:
    """Start the browser, and yield what opens an empty page in it."""
    profile = folder / "profile"
    command = [
        str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0",
        f"--user-data-dir={profile}", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "about:blank",
    ]  # fmt: skip
    browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    connections = ExitStack()
    try:
        port = _read_port(profile / "DevToolsActivePort", browser)

        def open_page() -> Page:
            request = urllib.request.Request(f"http://127.0.0.1:{port}/json/new?about:blank", method="PUT")
            with urllib.request.urlopen(request, timeout=_LONGEST_S) as answer:
                address = json.load(answer)["webSocketDebuggerUrl"]
            # Closing does not wait for the thread that sends pings; a test would leave it behind.
            return Page(connections.enter_context(connect(address, max_size=None, ping_interval=None)))

        yield open_page
    finally:
        connections.close()
        browser.terminate()
        browser.wait(_LONGEST_S)


def _read_port(file: Path, browser: "subprocess.Popen[bytes]") -> int:
    """Return the port that the browser has chosen, when it has written it."""
    end = time.monotonic() + _LONGEST_S
    while time.monotonic() < end:
        assert browser.poll() is None, "the browser has ended"
        if file.exists() and (text := file.read_text()).count("\n"):
            return int(text.split("\n", 1)[0])
        time.sleep(0.05)
    raise AssertionError("the browser has not started")
