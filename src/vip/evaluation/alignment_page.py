"""What alignment taught and what it cost on one HTML page, which holds all it shows."""

from collections.abc import Mapping
from typing import Any

from vip.evaluation.arms_figures import forest_figure
from vip.evaluation.bootstrap import side_of_zero
from vip.evaluation.cases import KINDS, choose_rows
from vip.evaluation.comparison import PAIR
from vip.evaluation.effects import PREFERENCE
from vip.evaluation.results import records
from vip.evaluation.settings import Evaluation
from vip.evaluation.templating import environment_of, with_figures
from vip.evaluation.videos import FRAMES_PER_SECOND, video_uri
from vip.evaluation.wording import spelled
from vip.types import Clip, Items, Table

Models = Mapping[str, tuple[Items[Clip], Table]]
"""By model, `teacher` before `aligned`: its evaluation clips, and how the preference scores them."""


def render(effects: Table, pair_counts: Table, models: Models, taught: str, settings: Evaluation) -> str:
    """The page as text; `effects` is that of `vip.evaluation.effects`."""
    rows = [{**row, "side": side_of_zero(row["low"], row["high"])} for row in records(effects)]
    taught_row, others = rows[0], rows[1:]
    assert taught_row["evaluator"] == PREFERENCE, "what was taught comes first"
    figure = forest_figure(effects.assign(arm=effects["reward"], evaluator=""), "", "Aligned minus teacher")
    figure["layout"]["xaxis"]["title"]["text"] = "difference (points), by who judges"
    environment = with_figures(environment_of("alignment", style="report", script="figures"))
    return environment.get_template("alignment.html.j2").render(
        taught=taught_row,
        rows=rows,
        below=sum(row["side"] == "below" for row in others),
        above=sum(row["side"] == "above" for row in others),
        others=len(others),
        pairs=records(pair_counts)[0],
        figure=figure,
        cases=_cases(models, taught, settings.examples),
        frames_per_second=FRAMES_PER_SECOND,
        settings=settings,
        dimension=spelled(taught),
    )  # fmt: skip


def _cases(models: Models, taught: str, count: int) -> dict[str, list[dict[str, Any]]]:
    """By kind the clips to look at, in order of what the preference gained on them."""
    (_, before), (_, after) = models.values()
    columns = ["clip", taught]
    joined = before.merge(
        after[[*PAIR, *columns]], on=PAIR, suffixes=("_teacher", "_aligned"), validate="one_to_one"
    )
    joined["gain"] = joined[f"{taught}_aligned"] - joined[f"{taught}_teacher"]
    ordered = records(joined.sort_values(["gain", *PAIR], kind="stable"))
    chosen = choose_rows(len(ordered), count)
    return {
        kind: [_case(models, ordered[row], taught) for row in sorted(chosen[kind], reverse=True)]
        for kind in KINDS
    }


def _case(models: Models, row: dict[str, Any], taught: str) -> dict[str, Any]:
    videos = {name: video_uri(clips[row[f"clip_{name}"]].frames) for name, (clips, _) in models.items()}
    shown = [{"model": name, "score": row[f"{taught}_{name}"], "video": uri} for name, uri in videos.items()]
    return {"prompt": row["prompt"], "gain": row["gain"], "shown": shown}
