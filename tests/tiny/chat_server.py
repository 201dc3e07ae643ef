"""A small OpenAI-compatible server around a chat model, as a process of its own; it can misbehave on demand.

python tests/tiny/chat_server.py FOLDER LOG PORT    (port 0: any; the one taken is told on stdout)

POST /faults with a list such as ["500", "slow"] makes the next completions fail so, one after the other.
Every question that reaches the server is a line of JSON in LOG.
"""

import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

FOLDER, LOG, PORT = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
TOKENIZER = AutoTokenizer.from_pretrained(FOLDER)
MODEL = AutoModelForCausalLM.from_pretrained(FOLDER)
LOCK = threading.Lock()
FAULTS: list[str] = []
SLOW = 0.6


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/faults":
            FAULTS[:] = body
            return self.answer(200, {})
        with LOCK:
            fault = FAULTS.pop(0) if FAULTS else ""
            with LOG.open("a") as log:
                log.write(json.dumps([time.monotonic(), body["messages"][-1]["content"], fault]) + "\n")
            completion = complete(body)
        return self.misbehave(fault, completion) if fault else self.answer(200, completion)

    def misbehave(self, fault: str, completion: dict) -> None:
        choice = completion["choices"][0]
        if fault == "die":
            os._exit(1)
        elif fault == "drop":
            self.close_connection = True
        elif fault == "slow":
            time.sleep(SLOW)
            self.answer(200, completion)
        elif fault == "malformed":
            self.answer(200, {"choices": []})
        elif fault == "not JSON":
            self.send_content(200, b"<html>Bad gateway</html>")
        elif fault == "nan":
            choice["logprobs"]["content"][0]["top_logprobs"][0]["logprob"] = float("nan")
            self.answer(200, completion)
        elif fault.startswith("says "):
            choice["logprobs"] = None
            choice["message"]["content"] = fault.removeprefix("says ")
            self.answer(200, completion)
        else:
            self.answer(int(fault), {"error": {"message": f"told to say {fault}"}})

    def answer(self, status: int, content: dict) -> None:
        self.send_content(status, json.dumps(content).encode())

    def send_content(self, status: int, content: bytes) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            if status == 429:
                self.send_header("Retry-After", "1")
            self.end_headers()
            self.wfile.write(content)
        except OSError:  # the client has given up
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def complete(body: dict) -> dict:
    text = TOKENIZER.apply_chat_template(body["messages"], tokenize=False, add_generation_prompt=True)
    tokens = TOKENIZER(text, return_tensors="pt", add_special_tokens=False)["input_ids"]
    with torch.inference_mode():
        logprobs = MODEL(input_ids=tokens).logits[0, -1].log_softmax(dim=-1)
    best = logprobs.topk(min(body.get("top_logprobs", 0), len(logprobs)))
    named = [
        {"token": TOKENIZER.decode([token]), "logprob": value}
        for value, token in zip(best.values.tolist(), best.indices.tolist(), strict=True)
    ]
    said = TOKENIZER.decode([int(logprobs.argmax())])
    content = [{"token": said, "logprob": float(logprobs.max()), "top_logprobs": named}]
    message = {"role": "assistant", "content": said}
    logged = {"content": content} if body.get("logprobs") else None
    return {"model": body["model"], "choices": [{"index": 0, "message": message, "logprobs": logged}]}


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", PORT), Handler)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()
