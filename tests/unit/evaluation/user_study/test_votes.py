"""Vote files: what the page writes is read, and what it never writes is refused by the file's name."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.evaluation.user_study.voting import ballot_of, by_model, study_of

from vip.errors import UserError
from vip.evaluation.user_study.raters import look_at
from vip.evaluation.user_study.votes import read_ballots

STUDY, _ = study_of(8)
FAIR = by_model("student", "full", "pruned")


def read(**files):
    return read_ballots({f"{name}.json": content for name, content in files.items()}, STUDY)


def test_each_person_has_one_ballot_the_latest():
    early = ballot_of(STUDY, FAIR, exported="2026-01-01T00:00:00.000Z")
    early["votes"] = early["votes"][:2]
    late = ballot_of(STUDY, FAIR, exported="2026-01-02T00:00:00.000Z")
    for files in ({"a": early, "b": late}, {"a": late, "b": early}):
        (ballot,) = read(**files)
        assert len(ballot.votes) == 8
    assert [b.rater for b in read(a=ballot_of(STUDY, FAIR, "zoe"), b=ballot_of(STUDY, FAIR, "ann"))] == [
        "ann",
        "zoe",
    ]


def changed(change):
    ballot = ballot_of(STUDY, FAIR)
    change(ballot, ballot["votes"][0])
    return ballot


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda ballot, vote: ballot.update(study="other"), f"is of study other, this one is {STUDY.study}"),
        (lambda ballot, vote: ballot.pop("rater"), "rater: "),
        (lambda ballot, vote: ballot.update(format="2"), "format: "),
        (lambda ballot, vote: vote.update(milliseconds=-1), r"votes.0.milliseconds: "),
        (lambda ballot, vote: vote.update(item="unknown"), "the vote on unknown does not rank"),
        (
            lambda ballot, vote: vote.update(ranking=vote["ranking"][:2]),
            "does not rank that comparison's clips",
        ),
        (lambda ballot, vote: vote.update(ranking=[*vote["ranking"], vote["ranking"][0]]), "once each"),
        (lambda ballot, vote: vote.update(shown=["x"]), "does not rank"),
        (lambda ballot, vote: vote["ranking"].insert(0, []), r"votes.0.ranking.0: "),
        (lambda ballot, vote: ballot["votes"].append(vote), "votes twice on one comparison"),
    ],
)
def test_other_files_are_refused_by_name(change, message):
    with pytest.raises(UserError, match=f"vote file bad.json .*{message}|vote file bad.json: .*{message}"):
        read(bad=changed(change))


def test_a_file_that_is_no_ballot_is_refused():
    with pytest.raises(UserError, match="vote file list.json is not as the study's page writes it"):
        read(list=[1, 2])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def places_in(value, path=()):
    """The path to every value inside a JSON value."""
    yield path
    for key, inner in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from places_in(inner, (*path, key))


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.data())
def test_a_ballot_with_anything_in_any_place_is_read_or_refused(data):
    ballot = copy.deepcopy(ballot_of(STUDY, FAIR))
    *path, last = data.draw(st.sampled_from(list(places_in(ballot))[1:]))
    place = ballot
    for key in path:
        place = place[key]
    place[last] = data.draw(json_values)
    try:
        (found,) = read(any=ballot)
        told = look_at(found, minimum_seconds=2.0, maximum_share=0.9).standing
    except UserError as error:
        told = str(error)
    assert told in ("counted", "no votes", "too fast") or "any.json" in told


@settings(derandomize=True, max_examples=50, deadline=None)
@given(json_values)
def test_any_json_is_refused_by_name(value):
    with pytest.raises(UserError, match="vote file any.json"):
        read(any=value)


def rater(ballot):
    (read_ballot,) = read(a=ballot)
    return look_at(read_ballot, minimum_seconds=2.0, maximum_share=0.9)


def test_a_person_who_looks_counts():
    found = rater(ballot_of(STUDY, FAIR))
    assert (found.standing, found.counts, found.votes, found.ties) == ("counted", True, 8, 0)
    assert found.median_seconds == pytest.approx(5.0035)


def test_who_votes_in_an_instant_does_not_count():
    hasty = ballot_of(STUDY, FAIR)
    for vote in hasty["votes"][:5]:
        vote["milliseconds"] = 300
    assert rater(hasty).standing == "too fast"
    for vote in hasty["votes"][:2]:
        vote["milliseconds"] = 9000
    assert rater(hasty).standing == "counted", "the median counts, not a single slip"


def always(place, ballot, count=8):
    for vote in ballot["votes"][:count]:
        best = vote["shown"][place]
        vote["ranking"] = [[best], [clip for clip in vote["shown"] if clip != best]]
    return ballot


@pytest.mark.parametrize("place", [0, 1, 2])
def test_who_always_votes_for_one_place_does_not_count(place):
    found = rater(always(place, ballot_of(STUDY, FAIR)))
    assert (found.standing, found.favourite_place, found.favourite_share) == (
        "always one place",
        place + 1,
        1.0,
    )


def test_a_few_votes_for_one_place_say_nothing():
    few = always(0, ballot_of(STUDY, FAIR))
    few["votes"] = few["votes"][:5]
    assert rater(few).standing == "counted"


def test_ties_are_no_votes_for_a_place():
    found = rater(ballot_of(STUDY, by_model("full pruned student")))
    assert (found.ties, found.favourite_place, found.favourite_share, found.standing) == (
        8,
        0,
        0.0,
        "counted",
    )


def test_a_ballot_without_votes_does_not_count():
    assert rater(ballot_of(STUDY, FAIR, votes=[])).standing == "no votes"
