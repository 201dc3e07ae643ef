"""Clean raw prompts, judge which properties each describes, and share them out (paper Sec. 3.3)."""

from collections import Counter
from collections.abc import Iterable, Sequence

from vip.errors import UserError, no_column
from vip.hashing import content_hash
from vip.judges.registry import judge_named
from vip.pipelines.prompt_filtering.cleaning import Verdict, clean, first_fit
from vip.pipelines.prompt_filtering.config import PromptFiltering
from vip.seeding import seed_of
from vip.types import PROPERTIES, Items, LazyMap, PromptStream, RawPrompt, Table


def clean_prompts(raw_prompts: Table | PromptStream, settings: PromptFiltering) -> tuple[Table, Table]:
    """Prompts of a fit length without articles, each once: prompt_id, prompt. And what became of the others.

    The counts hold one row a reason, `kept` among them, and add up to the raw prompts. Of a stream no more is
    held in memory than `maximum_prompts`.
    """
    import pandas as pd

    cleaned = clean(
        _rows(raw_prompts, "raw_prompts"),
        settings.minimum_words,
        settings.maximum_words,
        settings.maximum_prompts,
        settings.seed,
    )
    if not cleaned.prompts:
        raise UserError(
            f"raw_prompts: none of {cleaned.counts.total()} prompts has {settings.minimum_words} to "
            f"{settings.maximum_words} words{_others(cleaned.counts)}; check the file, or widen "
            "prompt_filtering.minimum_words and maximum_words"
        )
    reasons = [*Verdict.REASONS, *sorted(set(cleaned.counts) - set(Verdict.REASONS))]
    counts = [cleaned.counts[reason] for reason in reasons]
    return _identified(cleaned.prompts), pd.DataFrame({"reason": reasons, "count": counts})


def judge_prompts(clean_prompts: Table, settings: PromptFiltering) -> LazyMap[dict[str, float]]:
    """For each prompt the probability that it describes each property, judged when asked for."""
    judge = judge_named(settings.judge.name, settings.judge.options)
    keys = [content_hash("judgement", judge.fingerprint, prompt) for prompt in clean_prompts["prompt"]]
    table = clean_prompts.assign(key=keys)[["key", "prompt_id", "prompt"]]
    prompt_of = dict(zip(keys, table["prompt"], strict=True))

    def judge_batch(batch: Sequence[str]) -> list[dict[str, float]]:
        rows = judge.judge([prompt_of[key] for key in batch])
        return [dict(zip(PROPERTIES, map(float, row), strict=True)) for row in rows]

    return LazyMap(table, judge_batch, judge.batch_size, f"Judging prompts with {settings.judge.name}")


def label_prompts(prompt_judgements: Items[dict[str, float]]) -> Table:
    """Prompts with a column of probabilities for each property."""
    table = prompt_judgements.table
    judgements = [prompt_judgements[key] for key in table["key"]]
    labels = {name: [judgement[name] for judgement in judgements] for name in PROPERTIES}
    return table[["prompt_id", "prompt"]].assign(**labels)


def count_described(prompts: Table, settings: PromptFiltering) -> Table:
    """How many prompts the judge says describe each property, and how many it drops: one row a property."""
    import pandas as pd

    described = [int((prompts[name] >= settings.threshold).sum()) for name in PROPERTIES]
    dropped = [len(prompts) - count for count in described]
    return pd.DataFrame({"property": list(PROPERTIES), "described": described, "not_described": dropped})


def choose_scoring_prompts(prompts: Table, settings: PromptFiltering) -> Table:
    """The prompts of the block search: each describes some property, and all properties get their share."""
    return _share_out(prompts, list(PROPERTIES), settings.scoring_prompts, "scoring", settings)


def select_stage_prompts(
    prompts: Table, scoring_prompts: Table, target_properties: list[str], settings: PromptFiltering
) -> Table:
    """Prompts that describe a property which pruning damaged; none of the block search's."""
    others = prompts[~prompts["prompt_id"].isin(scoring_prompts["prompt_id"])]
    return _share_out(others, target_properties, settings.stage_prompts, "stage", settings)


def clean_evaluation_prompts(
    raw_evaluation_prompts: Table | PromptStream, prompts: Table, settings: PromptFiltering
) -> Table:
    """Evaluation prompts, cleaned as all others: prompt_id, prompt; none may be among those for pairs."""
    rows = _rows(raw_evaluation_prompts, "raw_evaluation_prompts")
    cleaned = first_fit(rows, settings.minimum_words, settings.maximum_words, settings.evaluation_prompts)
    kept = cleaned.prompts
    if not kept:
        raise UserError(
            f"raw_evaluation_prompts: none of {cleaned.counts.total()} prompts is fit to be used"
            f"{_others(cleaned.counts)}; check the file"
        )
    seen = {prompt.lower() for prompt in prompts["prompt"]} & {prompt.lower() for prompt in kept}
    if seen:
        raise UserError(
            f"{len(seen)} of {len(kept)} evaluation prompts are also in raw_prompts, for example "
            f"{min(seen)!r}; take them out of one of the two files"
        )
    return _identified(kept)


def _share_out(
    prompts: Table, properties: list[str], count: int, purpose: str, settings: PromptFiltering
) -> Table:
    """At most `count` prompts, taken in turn for each property from those that describe it.

    Prompts come in an order drawn from the seed, the same for every set of properties, so that stages with
    different targets share as many prompts, and hence as many of the teacher's clips, as they can.
    """
    seeds = [seed_of(purpose, settings.seed, identity) for identity in prompts["prompt_id"]]
    drawn = sorted(range(len(prompts)), key=seeds.__getitem__)
    probabilities = {name: prompts[name].to_numpy() for name in properties}
    queues = [[row for row in drawn if probabilities[name][row] >= settings.threshold] for name in properties]
    chosen: dict[int, None] = {}
    for turn in range(max(map(len, queues), default=0)):
        for queue in queues:
            if turn < len(queue) and len(chosen) < count:
                chosen.setdefault(queue[turn])
    if not chosen:
        raise UserError(
            f"none of {len(prompts)} prompts describes {' or '.join(properties)} with a probability of at "
            f"least {settings.threshold}; lower prompt_filtering.threshold, or bring other prompts"
        )
    return prompts.iloc[list(chosen)].reset_index(drop=True)


def _rows(source: Table | PromptStream, name: str) -> Iterable[RawPrompt]:
    return source.rows() if isinstance(source, PromptStream) else map(RawPrompt, _texts(source, name))


def _others(counts: Counter[str]) -> str:
    """What became of the rows, where there is something to tell."""
    return f" ({', '.join(f'{count} {reason}' for reason, count in counts.items())})" if counts else ""


def _texts(table: Table, name: str) -> list[str]:
    if "prompt" not in table:
        raise UserError(f"{no_column(name, 'prompt', table.columns)}; rename the one that holds the prompts")
    if wrong := [row for row, text in enumerate(table["prompt"]) if not isinstance(text, str)]:
        raise UserError(
            f"{name}: row {wrong[0] + 1} of {len(table)} holds {table['prompt'].iloc[wrong[0]]!r}, not text; "
            "read the file through vip.datasets.TableDataset"
        )
    return list(table["prompt"])


def _identified(prompts: list[str]) -> Table:
    """The prompts, each with what it is known by everywhere: a hash of its text."""
    import pandas as pd

    identities = [content_hash("prompt", prompt)[:12] for prompt in prompts]
    return pd.DataFrame({"prompt_id": identities, "prompt": prompts})
