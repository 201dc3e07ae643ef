"""Rewards and judges in a process whose every connection is refused, but for those to one port of loopback.

python -m tests.tiny.without_network < request.json    (what came of each on stdout)

The request holds `rewards` and `judges`, each name -> options, a `port`, and a `query_sha256`. What comes
of one is its numbers, and the class and the text of its error where it had one.
"""

import json
import socket
import sys
from typing import Any

import numpy as np
from httpx2 import HTTPError

from vip.errors import UserError
from vip.judges.registry import judge_named
from vip.rewards import videoscore
from vip.rewards.registry import reward_named

CLIPS = [np.random.default_rng(seed).integers(0, 256, (4, 32, 32, 3), dtype=np.uint8) for seed in range(2)]
PROMPTS = ["red circle moves left", "blue square"]


def main() -> None:
    request = json.load(sys.stdin)
    refuse_all_but(request["port"])
    videoscore.QUERY_SHA256 = request["query_sha256"]
    told = {
        "rewards": {name: outcome(score, name, given) for name, given in request["rewards"].items()},
        "judges": {name: outcome(judge, name, given) for name, given in request["judges"].items()},
    }
    sys.stdout.write(json.dumps(told))


def refuse_all_but(port: int) -> None:
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def guarded(self: socket.socket, address: Any) -> None:
        if address[:2] != ("127.0.0.1", port):
            raise ConnectionRefusedError(f"connection to {address} refused")
        connect(self, address)

    def known(host: str, *rest: Any, **options: Any) -> Any:
        if host != "127.0.0.1":
            raise socket.gaierror(f"{host} is unknown")
        return look_up(host, *rest, **options)

    socket.socket.connect, socket.getaddrinfo = guarded, known


def score(name: str, options: dict[str, Any]) -> np.ndarray:
    return reward_named(name, options).score(CLIPS, PROMPTS)


def judge(name: str, options: dict[str, Any]) -> np.ndarray:
    return judge_named(name, options).judge(PROMPTS)


def outcome(verb: Any, name: str, options: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"numbers": verb(name, options).tolist()}
    except (UserError, OSError, ValueError, RuntimeError, HTTPError) as error:
        return {"error": type(error).__name__, "text": str(error)}


if __name__ == "__main__":
    main()
