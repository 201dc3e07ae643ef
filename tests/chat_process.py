"""The process of tests/tiny/chat_server.py, as a test holds it."""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import urllib3

SCRIPT = Path(__file__).parent / "tiny" / "chat_server.py"


@dataclass
class ChatProcess:
    """A server on loopback: started, told to misbehave, asked what it was asked, ended."""

    folder: Path
    log: Path
    port: int = 0
    process: "subprocess.Popen[str] | None" = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def start(self) -> "ChatProcess":
        """Start it, at the port it had before if it was started before."""
        command = [sys.executable, str(SCRIPT), str(self.folder), str(self.log), str(self.port)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        told = self.process.stdout.readline()
        assert told.strip().isdigit(), "the server did not start"
        self.port = int(told)
        return self

    def stop(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.communicate()

    def misbehave(self, *faults: str) -> None:
        """What the next answers will be, one after the other."""
        address = f"http://127.0.0.1:{self.port}/faults"
        urllib3.request("POST", address, json=list(faults), retries=False)

    def forget(self) -> None:
        """Forget faults to come and questions asked."""
        self.misbehave()
        self.log.write_text("")

    def entries(self) -> list[tuple[float, str, str]]:
        """When each question came, what it was, and what was done to it."""
        return [tuple(json.loads(line)) for line in self.log.read_text().splitlines()]

    def asked(self) -> Counter[str]:
        """How often each question came."""
        return Counter(question for _, question, _ in self.entries())
