"""The prompt files of the shapes world, dirt included.

    python -m vip.shapes.raw_prompts data/01_raw

writes `raw_prompts.csv` (captions of scenes that the teacher trained on, and the dirt of real caption files),
`evaluation_prompts.csv` and `development_prompts.csv` (clean captions of held-out scenes; the two files
share no scene, so that what is tuned on one is not tuned on the other).
"""

import csv
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from vip.seeding import seed_of
from vip.shapes.captions import describe
from vip.shapes.scene import Scene, all_scenes, is_held_out

CAPTIONS = 1700
HELD_OUT_CAPTIONS = 96
APPEARANCE_SHARE = 0.2
"""Share of captions that say nothing of motion."""
NUISANCES = (
    "", "", "   ", "None", "NA", "null", "nan", "circle", "A red", "the a an", "square!", "\u200b",
    "\u05e2\u05d9\u05d2\u05d5\u05dc \u05d0\u05d3\u05d5\u05dd", "caf\u00e9 circle",
    "\U0001f534 \U0001f7e6 \U0001f53a", "=SUM(A1:A9)", "../../etc/passwd", "${prompt}",
)  # fmt: skip
RAMBLE = (
    "and the whole scene is filmed in one take with a steady camera and no cut at all while nothing else "
    "happens anywhere in the picture until the very end of the clip"
)


def raw_prompts(seed: int = 0) -> list[str]:
    """Captions of training scenes, and duplicates, twins, fragments, rambling, foreign signs among them."""
    rng = np.random.default_rng(seed_of("raw_prompts", seed))
    taken = {
        plain(prompt) for purpose in ("evaluation", "development") for prompt in held_out_prompts(purpose)
    }
    captions = _captions([scene for scene in all_scenes() if not is_held_out(scene)], CAPTIONS, rng, taken)
    rows = [_soil(caption, rng) for caption in captions]
    rows += [str(caption) for caption in rng.choice(captions, 250)]
    rows += [_twin(str(caption), rng) for caption in rng.choice(captions, 200)]
    rows += [f"{caption} {RAMBLE}" for caption in rng.choice(captions, 120)]
    rows += [" ".join(str(caption).split()[: rng.integers(1, 5)]) for caption in rng.choice(captions, 200)]
    rows += [str(nuisance) for nuisance in rng.choice(NUISANCES, 120)]
    return [rows[index] for index in rng.permutation(len(rows))]


def held_out_prompts(purpose: str, seed: int = 0) -> list[str]:
    """Different captions of every second held-out scene, the evaluation's or the development's."""
    scenes = [scene for scene in all_scenes() if is_held_out(scene)]
    half = scenes[0::2] if purpose == "evaluation" else scenes[1::2]
    return _captions(half, HELD_OUT_CAPTIONS, np.random.default_rng(seed_of(purpose, seed)))


def write_prompts(path: Path, prompts: Sequence[str]) -> None:
    """Write a CSV file of one column, `prompt`."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerows([["prompt"], *([prompt] for prompt in prompts)])


def main(folder: Path) -> None:
    """Write the three files into a folder."""
    write_prompts(folder / "raw_prompts.csv", raw_prompts())
    for purpose in ("evaluation", "development"):
        write_prompts(folder / f"{purpose}_prompts.csv", held_out_prompts(purpose))


def plain(prompt: str) -> str:
    """The prompt as filtering would compare it: lower case, without articles."""
    return " ".join(word for word in prompt.lower().split() if word not in {"a", "an", "the"})


def _captions(
    scenes: Sequence[Scene], count: int, rng: np.random.Generator, taken: Collection[str] = ()
) -> list[str]:
    """`count` different captions, none of those taken, that go round the scenes in a drawn order."""
    order = rng.permutation(len(scenes))
    captions: dict[str, None] = {}
    turn = 0
    while len(captions) < count:
        scene = scenes[order[turn % len(order)]]
        caption = describe(scene, rng, motion=rng.random() >= APPEARANCE_SHARE)
        if plain(caption) not in taken:
            captions.setdefault(caption)
        turn += 1
    return list(captions)


def _soil(caption: str, rng: np.random.Generator) -> str:
    """Leave most captions as they are; give the rest what people and web pages add."""
    soils = {
        0: lambda: f"  {caption} ",
        1: lambda: caption.capitalize() + ".",
        2: lambda: caption.replace(" ", "\u00a0", 1),
        3: lambda: f'"{caption}", stock video',
        4: lambda: caption.replace(" ", "\n", 1),
        5: lambda: caption.replace(" a ", " &quot;a&quot; ", 1),
        6: lambda: f"{caption} \u2013 d\u00e9j\u00e0 vu \U0001f3a5",
    }
    return soils.get(int(rng.integers(20)), lambda: caption)()


def _twin(caption: str, rng: np.random.Generator) -> str:
    """The same caption to a reader, another text to a computer."""
    return (caption.upper(), caption.replace(" ", "  "), f"the {caption}")[rng.integers(3)]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
