"""The parameters that are a run's own.

Kedro reads parameters before it knows pipelines, so they are put beside the user's, as
`comparison_runs.<arm>_seed_<seed>`, when configuration is read. Beside them stand the second opinions by name
(`evaluators.py`), and a roster: with which evaluator each arm trained, and which arms are left out, and why.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from vip.pipelines.comparison.arms import ArmRun, left_out, runs_of
from vip.pipelines.comparison.blocks import block_of
from vip.pipelines.comparison.evaluators import evaluator_of, second_opinions

RUNS = "comparison_runs"
"""The parameter that holds the runs' own blocks; made here, never written by hand."""


def opinions_of(parameters: Mapping[str, Any]) -> list[str]:
    """The names of the second opinions."""
    return list(_opinions(parameters))


def run_parameters(parameters: Mapping[str, Any], runs: Sequence[ArmRun]) -> dict[str, Any]:
    """The blocks of every run, by its name; under `seed_<seed>` what evaluations share, whatever the arm.

    `stages` is there where a run has not as many as the method, `second_opinions` and `roster`
    (`vip.pipelines.comparison.config.Roster`) even where empty.
    """
    own = {run.name: {**run.own, **_stages(parameters, run)} for run in runs if run.stages}
    return own | _noises(parameters, runs) | _judges(parameters)


def _stages(parameters: Mapping[str, Any], run: ArmRun) -> dict[str, int]:
    return {} if run.stages == parameters.get("stages") else {"stages": run.stages}


def _noises(parameters: Mapping[str, Any], runs: Sequence[ArmRun]) -> dict[str, Any]:
    sampling = block_of(parameters, "video_generation")
    return {f"seed_{run.seed}": {"video_generation": {**sampling, "seed": run.seed}} for run in runs}


def _judges(parameters: Mapping[str, Any]) -> dict[str, Any]:
    roster = {"trained_with": trained_with(parameters, runs_of(parameters)), "left_out": left_out(parameters)}
    return {"second_opinions": _opinions(parameters), "roster": roster}


def trained_with(parameters: Mapping[str, Any], runs: Sequence[ArmRun]) -> dict[str, str]:
    """By arm that trains: the evaluator whose reward it searches, curates and trains with, or that reward."""
    shared, opinions = block_of(parameters, "scoring"), _opinions(parameters)
    return {
        run.arm: evaluator_of(run.own.get("scoring", shared), shared, opinions)
        for run in runs
        if run.stages and run.trained
    }


def _opinions(parameters: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return second_opinions(block_of(parameters, "comparison").get("second_opinions"))
