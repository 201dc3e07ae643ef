"""The report: one HTML page that holds everything it shows and asks the network for nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vip.evaluation import anatomy, figures, provenance, verdict, wording
from vip.evaluation.benchmark import benchmark
from vip.evaluation.bootstrap import side_of_zero
from vip.evaluation.cases import KINDS, choose_cases
from vip.evaluation.comparison import SHOWN
from vip.evaluation.results import MODEL_NAMES, rows_of
from vip.evaluation.settings import Evaluation
from vip.evaluation.stages import Evidence, Run
from vip.evaluation.templating import environment_of, with_figures
from vip.evaluation.videos import FRAMES_PER_SECOND, video_uri
from vip.types import Table

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATE = "report.html.j2"


def render(stages: Sequence[Evidence], results: Table, run: Run, settings: Evaluation) -> str:
    """The whole page as text; `results` is `tabulate_results(stages)`."""
    found = verdict.recoveries(stages, settings.bootstrap)
    return _environment().get_template(TEMPLATE).render(
        headline=verdict.headline(results),
        tiles=_tiles(results),
        claims=verdict.claims(results, found),
        rows=_rows(results),
        dimensions=SHOWN,
        quality_figures=[
            figures.quality_figure(results, name, legend=name == "average") for name in SHOWN
        ],
        stages=[_stage(evidence, settings.examples) for evidence in stages],
        clips=len(stages[-1].student_evaluation_scores),
        prompts=stages[-1].student_evaluation_scores["prompt_id"].nunique(),
        kinds=KINDS,
        frames_per_second=FRAMES_PER_SECOND,
        anatomy=anatomy.dissect(stages),
        filtering=run.filtering_counts.to_dict("records"),
        judging=run.judging_counts.to_dict("records"),
        filtering_figures=[
            figures.filtering_figure(run.filtering_counts),
            figures.judging_figure(run.judging_counts),
        ],
        settings=settings,
        benchmark=benchmark(run.vbench, _fingerprints(stages, run)),
        provenance=provenance.tell(stages, run),
    )  # fmt: skip


def _fingerprints(stages: Sequence[Evidence], run: Run) -> dict[str, str]:
    """The models that VBench judges."""
    return {"full": run.teacher.fingerprint, "student": stages[-1].student.fingerprint}


def _environment() -> "Environment":
    """Jinja with escaping on, and with the words of numbers as filters."""
    environment = with_figures(environment_of("report"))
    environment.filters["capital"] = lambda text: text[:1].upper() + text[1:]
    environment.globals |= {
        "figure_script": environment_of("report", script="figures").globals["script"],
        "model_names": MODEL_NAMES,
    }
    return environment


@dataclass(frozen=True)
class Tile:
    """A number to see first: what it is, the number, and what it is made of."""

    label: str
    value: str
    note: str


def _tiles(results: Table) -> list[Tile]:
    """Size, compute, quality against the teacher, gain of the last stage."""
    rows = rows_of(results)
    (_, _, teacher), (last, _, student) = rows[0], rows[-1]
    versus_full = wording.interval_of(student["average"], "full")
    versus_pruned = wording.interval_of(student["average"], "pruned")

    def fall(column: str) -> str:
        return f"{wording.MINUS}{wording.percent(1 - student[column] / teacher[column])}"

    def change(column: str, said: Any) -> str:
        return f"{said(teacher[column])} \N{RIGHTWARDS ARROW} {said(student[column])}"

    return [
        Tile("Prunable parameters", fall("parameters"), change("parameters", wording.quantity_as_text)),
        Tile("FLOPs a denoiser call", fall("flops"), change("flops", wording.quantity_as_text)),
        Tile(
            "Average score, student against teacher",
            wording.signed(versus_full[0]),
            f"{wording.interval_as_text(*versus_full[1:])} points",
        ),
        Tile(
            f"Gain over pruning alone, stage {last}",
            wording.signed(versus_pruned[0]),
            f"{wording.interval_as_text(*versus_pruned[1:])} points",
        ),
    ]


def _rows(results: Table) -> list[dict[str, Any]]:
    """The table of results as the template lays it out."""
    rows = rows_of(results)
    teacher = rows[0][2]
    return [
        {
            "stage": stage,
            "model": MODEL_NAMES[model],
            "cells": [_cell(model, values[dimension]) for dimension in SHOWN],
            "share": values["parameters"] / teacher["parameters"],
            **values,
        }
        for stage, model, values in rows
    ]


def _cell(model: str, metric: Mapping[str, Any]) -> dict[str, Any]:
    """A mean, and its differences to the baselines, each with the side of zero that its interval lies on."""
    baselines = {"full": [], "pruned": ["full"], "student": ["full", "pruned"]}[model]
    differences = []
    for baseline in baselines:
        _, low, high = wording.interval_of(metric, baseline)
        side = side_of_zero(low, high)
        differences.append((MODEL_NAMES[baseline], wording.difference_as_text(metric, baseline), side))
    return {"mean": metric["mean"], "differences": differences}


def _stage(evidence: Evidence, examples: int) -> dict[str, Any]:
    """A stage as the template lays it out: clips, curves, counts."""
    cases = choose_cases(evidence, examples)
    clips = {
        (shown.model, shown.clip): video_uri(evidence.clips(shown.model)[shown.clip].frames)
        for case in cases
        for shown in case.shown
    }
    counts = evidence.pair_counts.to_dict("records")
    return {
        "number": evidence.stage,
        "cases": {kind: [case for case in cases if case.kind == kind] for kind in KINDS},
        "clips": clips,
        "figures": figures.training_figures(evidence.training_curve, evidence.stage),
        "steps": len(evidence.training_curve),
        "sft_weight": _last_sft_weight(evidence.training_curve),
        "pair_counts": counts,
        "pairs": sum(int(row["kept"]) for row in counts),
        "targets": evidence.target_properties,
        "summary": anatomy.summary(evidence),
    }


def _last_sft_weight(curve: Table) -> str:
    """The weight of the distillation term, which training may have found itself; empty where unknown."""
    if "sft_weight" not in curve or curve["sft_weight"].isna().all():
        return ""
    return f"{curve['sft_weight'].dropna().iloc[-1]:.4g}"
