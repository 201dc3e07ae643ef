"""A headless Chromium, driven through the DevTools protocol: as much of it as a page's test needs."""

import json
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE = 30.0
"""Seconds within which whatever a test waits for has to happen; machines that run tests are busy."""
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
KEYS = {"Enter": (13, "\r"), "Backspace": (8, ""), " ": (32, " ")}


class Page:
    """One tab: it goes to addresses, evaluates scripts, and gets real key strokes and mouse clicks."""

    def __init__(self, connection: ClientConnection, downloads: Path) -> None:
        self._connection = connection
        self._numbers = count(1)
        self.downloads = downloads
        options = {"behavior": "allow", "downloadPath": str(downloads)}
        self.send("Browser.setDownloadBehavior", **options)
        self.send("Page.enable")

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol and wait for its answer."""
        number = next(self._numbers)
        self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._connection.recv(timeout=PATIENCE))
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]

    def go(self, address: str) -> None:
        """Open an address and wait until its scripts have run."""
        self.send("Page.navigate", url=address)
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")

    def reload(self) -> None:
        """Load the page again, from nothing but what the browser keeps."""
        self.run("window.before = true")
        self.send("Page.reload")
        self.wait("document.readyState === 'complete' && window.before === undefined")

    def run(self, script: str) -> Any:
        """The value of an expression."""
        told = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def wait(self, condition: str) -> None:
        """Wait until an expression is true."""
        patience = time.monotonic() + PATIENCE
        while not self.run(condition):
            assert time.monotonic() < patience, f"still not: {condition}"
            time.sleep(0.02)

    def press(self, key: str) -> None:
        """Press a key and let it go."""
        code, text = KEYS[key] if key in KEYS else (ord(key.upper()), key)
        stroke = {"key": key, "windowsVirtualKeyCode": code}
        self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **stroke)
        self.send("Input.dispatchKeyEvent", type="keyUp", **stroke)

    def click(self, selector: str) -> None:
        """Move the mouse to the middle of an element and click."""
        script = f"document.querySelector({json.dumps(selector)})"
        self.run(f"{script}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
        box = self.run(f"(({script}).getBoundingClientRect()).toJSON()")
        where = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **where)

    def downloaded(self) -> Path:
        """The newest file that was saved, once it is there as a whole."""
        patience = time.monotonic() + PATIENCE
        while not (files := sorted(self.downloads.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)):
            assert time.monotonic() < patience, "nothing was saved"
            time.sleep(0.02)
        return files[-1]


@contextmanager
def browser(downloads: Path) -> Iterator[Page]:
    """A Chromium of its own, with an empty profile, ended afterwards."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        flags = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
        ]
        address = [f"--user-data-dir={profile}", "--remote-debugging-port=0", "about:blank"]
        process = subprocess.Popen([CHROMIUM, *flags, *address], stderr=subprocess.DEVNULL)
        try:
            with connect(_tab_of(Path(profile)), max_size=None, open_timeout=PATIENCE) as connection:
                yield Page(connection, downloads)
        finally:
            process.kill()
            process.wait()


def _tab_of(profile: Path) -> str:
    """Where the browser's first tab listens."""
    file = profile / "DevToolsActivePort"
    patience = time.monotonic() + PATIENCE
    while not file.is_file() or len(file.read_text().splitlines()) < 2:
        assert time.monotonic() < patience, "Chromium did not start"
        time.sleep(0.05)
    port = int(file.read_text().splitlines()[0])
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=PATIENCE) as answer:
        tabs = json.load(answer)
    return next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
