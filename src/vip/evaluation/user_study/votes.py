"""Vote files, as the study's page exports them: read, checked against the study, put together."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from vip.errors import UserError
from vip.evaluation.user_study.design import Study

Name = Annotated[str, Field(min_length=1, max_length=64)]
STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True, config=STRICT)
class Vote:
    """How one person ranks the clips of one comparison: best first, equals together."""

    item: Name
    shown: list[Name]
    """Clips from left to right."""
    ranking: list[Annotated[list[Name], Field(min_length=1)]]
    milliseconds: Annotated[float, Field(ge=0)]
    """From when the comparison was first seen to the vote."""


@dataclass(frozen=True, config=STRICT)
class Ballot:
    """All that one person has voted so far."""

    format: Literal["vip-votes-1"]
    study: Name
    rater: Name
    exported: str
    """When, in ISO 8601; of several files of one person the latest counts."""
    votes: list[Vote]


def read_ballots(files: Mapping[str, Any], study: Study) -> list[Ballot]:
    """One ballot a person, by name; UserError naming the file that is none of this study's."""
    latest: dict[str, Ballot] = {}
    for name, content in files.items():
        ballot = _parsed(name, content)
        _check(name, ballot, study)
        known = latest.get(ballot.rater)
        if known is None or known.exported <= ballot.exported:
            latest[ballot.rater] = ballot
    return [latest[rater] for rater in sorted(latest)]


def _parsed(name: str, content: Any) -> Ballot:
    try:
        return TypeAdapter(Ballot).validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise UserError(
            f"vote file {name} is not as the study's page writes it: {where}: {first['msg']}; export it again"
        ) from None


def _check(name: str, ballot: Ballot, study: Study) -> None:
    if ballot.study != study.study:
        raise UserError(
            f"vote file {name} is of study {ballot.study}, this one is {study.study}; "
            "take it out of the folder"
        )
    clips = {comparison.item: sorted(comparison.clips) for comparison in study.comparisons}
    for vote in ballot.votes:
        ranked = sorted(clip for group in vote.ranking for clip in group)
        if vote.item not in clips or not sorted(vote.shown) == ranked == clips[vote.item]:
            raise UserError(
                f"vote file {name}: the vote on {vote.item} does not rank that comparison's clips once each; "
                "export it again"
            )
    if len({vote.item for vote in ballot.votes}) != len(ballot.votes):
        raise UserError(f"vote file {name} votes twice on one comparison; export it again")
