"""A stand-in for VBench's program: finds videos by name as VBench does, scores their sizes, writes its JSON.

Run as `python vbench.py --videos_path ... --full_json_dir ... --output_path ... --dimension ...`. It does not
pretend to know VBench's numbers; `WRONG` in its environment makes it misbehave in one way.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path


def main() -> int:
    wrong = os.environ.get("WRONG", "")
    parser = argparse.ArgumentParser()
    for name in ("videos_path", "full_json_dir", "output_path", "dimension"):
        parser.add_argument(f"--{name}", required=True)
    asked = parser.parse_args()
    if wrong == "slow":
        time.sleep(60)
    if wrong == "silent":  # as the command `vbench` does where what it starts fails
        sys.stderr.write("RuntimeError: no GPU\n")
        return 0
    if wrong == "fails":
        sys.stderr.write("loading the detector\nCUDA out of memory\n")
        return 3
    names = [path.name for path in Path(asked.videos_path).iterdir()]
    suffix = Path(names[0]).suffix  # as VBench guesses it
    results = []
    for entry in json.loads(Path(asked.full_json_dir).read_text()):
        if asked.dimension in entry["dimension"]:
            for sample in range(5):
                name = f"{entry['prompt_en']}-{sample}{suffix}"
                if name in names:
                    path = Path(asked.videos_path) / name
                    results.append({"video_path": str(path), "video_results": value(asked.dimension, path)})
    if wrong == "skips":
        results = results[1:]
    score = sum(each["video_results"] for each in results) / len(results)
    table = {asked.dimension: [score, results]}
    text = {"text": "no json", "list": "[1]", "other": '{"speed": [1, []]}'}.get(wrong, json.dumps(table))
    (Path(asked.output_path) / "results_0_eval_results.json").write_text(text)
    return 0


def value(dimension: str, path: Path) -> float | bool:
    size = path.stat().st_size
    return size % 2 == 0 if dimension == "dynamic_degree" else (size % 1000) / 1000


if __name__ == "__main__":
    sys.exit(main())
