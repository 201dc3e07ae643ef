"""A user study: which clips are compared, under names that give nothing away, and what they stand for."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from vip.errors import UserError
from vip.evaluation.comparison import PAIR
from vip.hashing import content_hash
from vip.seeding import seed_of
from vip.types import Clip, Items


@dataclass(frozen=True)
class Comparison:
    """One prompt as each model filmed it: `clips` says which model and stored clip a blind name means."""

    item: str
    prompt: str
    clips: dict[str, dict[str, str]]

    @property
    def models(self) -> dict[str, str]:
        """The model behind each blind name."""
        return {name: clip["model"] for name, clip in self.clips.items()}


@dataclass(frozen=True)
class Study:
    """All comparisons of a study; this is the key that those who vote must not see."""

    study: str
    models: list[str]
    comparisons: list[Comparison]

    def as_json(self) -> dict[str, Any]:
        """The key as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Study":
        """The study that `as_json` told of."""
        comparisons = [Comparison(**entry) for entry in content["comparisons"]]
        return cls(content["study"], list(content["models"]), comparisons)


def design(clips: Mapping[str, Items[Clip]], prompts: int, seed: int) -> Study:
    """A study of `prompts` prompts, drawn by the seed from those that all models filmed from one noise.

    Blind names are hashes, listed in their own order, so neither a name nor a place tells the model.
    """
    tables = {model: items.table.set_index(PAIR)[["key", "prompt"]] for model, items in clips.items()}
    first = next(iter(tables.values()))
    shared = [place for place in first.index if all(place in table.index for table in tables.values())]
    if not shared:
        raise UserError(
            f"user study: 0 of {len(first)} clips have a partner of the same prompt and seed in "
            f"{', '.join(clips)}; run the evaluation again"
        )
    chosen = sorted(shared, key=lambda place: seed_of("study", seed, *map(str, place)))[:prompts]
    keys = {model: table["key"].to_dict() for model, table in tables.items()}
    study = content_hash("study", seed, [[keys[model][place] for model in clips] for place in chosen])[:12]
    comparisons = [
        _compare(study, number, str(first["prompt"][place]), {model: keys[model][place] for model in clips})
        for number, place in enumerate(chosen)
    ]
    return Study(study, list(clips), comparisons)


def _compare(study: str, number: int, prompt: str, keys: Mapping[str, str]) -> Comparison:
    named = {
        content_hash("blind", study, number, model)[:10]: {"model": model, "clip": key}
        for model, key in keys.items()
    }
    return Comparison(content_hash("item", study, number)[:10], prompt, dict(sorted(named.items())))
