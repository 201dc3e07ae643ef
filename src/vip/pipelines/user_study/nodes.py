"""Make the page on which people compare clips, and count what they voted (paper Sec. 4.2)."""

from dataclasses import asdict
from typing import Any

from vip.errors import UserError
from vip.evaluation.user_study.analysis import agreement, tabulate
from vip.evaluation.user_study.design import Study, design
from vip.evaluation.user_study.page import render_study
from vip.evaluation.user_study.raters import look_at
from vip.evaluation.user_study.votes import read_ballots
from vip.pipelines.user_study.config import UserStudy
from vip.types import Clip, Items, Table


def make_study(
    full_evaluation_clips: Items[Clip],
    pruned_evaluation_clips: Items[Clip],
    student_evaluation_clips: Items[Clip],
    rival_evaluation_clips: Items[Clip] | None,
    settings: UserStudy,
) -> tuple[str, dict[str, Any]]:
    """The study's page, for all who vote, and its key, which they must not see.

    `rival_evaluation_clips` are those of another run's student, from the same prompts and noise; None where
    there are none. UserError where they are to be shown all the same.
    """
    clips = {
        "full": full_evaluation_clips,
        "pruned": pruned_evaluation_clips,
        "student": student_evaluation_clips,
    }
    if rival_evaluation_clips is not None:
        clips["rival"] = rival_evaluation_clips
    if missing := [model for model in settings.models if model not in clips]:
        raise UserError(
            f"user_study.models names {missing[0]}, and there are no clips of it; set rival_folder in "
            "globals.yml to the folder of another run that has reached this stage, or name other models"
        )
    chosen: dict[str, Items[Clip]] = {model: clips[model] for model in settings.models}
    study = design(chosen, settings.prompts, settings.seed)
    return render_study(study, chosen), study.as_json()


def count_votes(
    study_key: dict[str, Any], votes: dict[str, Any], settings: UserStudy
) -> tuple[Table, Table, dict[str, Any]]:
    """One row a model (see `tabulate`), one a person who voted (see `Rater`), and how far people agree.

    `votes` are the contents of vote files by name. People who were too fast or always chose one place are
    listed, and left out of everything else.
    """
    import pandas as pd

    study = Study.from_json(study_key)
    ballots = read_ballots(votes, study)
    raters = [look_at(ballot, settings.minimum_seconds, settings.maximum_share) for ballot in ballots]
    counted = [ballot for ballot, rater in zip(ballots, raters, strict=True) if rater.counts]
    if not counted:
        told = ", ".join(f"{rater.rater}: {rater.standing}" for rater in raters[:5])
        raise UserError(f"user study: 0 of {len(raters)} people's votes count ({told}); ask others")
    results = tabulate(counted, study, settings.bootstrap)
    agreed = {
        "krippendorff_alpha": agreement(counted, study),
        "raters": len(counted),
        "raters_left_out": len(ballots) - len(counted),
        "votes": sum(len(ballot.votes) for ballot in counted),
        "comparisons": len({vote.item for ballot in counted for vote in ballot.votes}),
    }
    return results, pd.DataFrame([asdict(rater) for rater in raters]), agreed
