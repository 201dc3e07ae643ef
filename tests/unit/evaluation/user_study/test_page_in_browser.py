"""The study's page in a real browser: voted through by keyboard and by mouse, reloaded, exported, counted."""

import json
from contextlib import contextmanager

import pytest
from tests.browser import browser, needs_browser
from tests.unit.evaluation.user_study.voting import study_of

from vip.evaluation.bootstrap import Bootstrap
from vip.evaluation.user_study.analysis import tabulate
from vip.evaluation.user_study.page import render_study
from vip.evaluation.user_study.votes import read_ballots

pytestmark = [pytest.mark.browser, needs_browser, pytest.mark.xdist_group("browser")]

WATCHED = "!document.querySelector('#clips [data-choice]').disabled"
STATE = "JSON.parse(localStorage.getItem('vip-study-' + study.study))"


@pytest.fixture
def opened(tmp_path):
    """Opens the page of a study in a browser whose downloads land in the test's own folder."""

    @contextmanager
    def opened(study, clips):
        path = tmp_path / "study.html"
        path.write_text(render_study(study, clips), encoding="utf-8")
        with browser(tmp_path) as page:
            page.go(path.as_uri())
            yield page

    return opened


def shown(page):
    """The blind names on the page from left to right, by the step that the page is at."""
    return page.run(f"{STATE}.order[{STATE}.votes.length].shown")


def position_of(page, study, model):
    """Where the model's clip stands, counted from 1."""
    item = page.run(f"{STATE}.order[{STATE}.votes.length].item")
    (comparison,) = [each for each in study.comparisons if each.item == item]
    return [comparison.models[name] for name in shown(page)].index(model) + 1


def done(page):
    return page.run(f"{STATE}.votes.length")


def test_triples_by_keyboard_with_a_reload_in_the_middle(opened):
    study, clips = study_of(4)
    with opened(study, clips) as page:
        page.press("Enter")
        page.wait("!document.getElementById('comparison').hidden")
        page.press("1")
        page.press("0")
        assert done(page) == 0, "nobody votes before the videos are over"
        for number in range(2):
            page.wait(WATCHED)
            page.press(str(position_of(page, study, "student")))
            assert done(page) == number, "of three, the best is not all"
            page.press(str(position_of(page, study, "full")))
            page.wait(f"{STATE}.votes.length === {number + 1}")
        before = page.run(STATE)
        page.reload()
        assert page.run(STATE) == before
        assert page.run("document.getElementById('count').textContent") == "2 / 4"
        assert page.run("document.querySelector('#clips [data-choice]').disabled")
        page.wait(WATCHED)
        page.press("0")
        page.wait(f"{STATE}.votes.length === 3")
        page.press("Backspace")
        page.wait(f"{STATE}.votes.length === 2")
        for number in (2, 3):
            page.wait(WATCHED)
            page.press(str(position_of(page, study, "student")))
            page.press("0")
            page.wait(f"{STATE}.votes.length === {number + 1}")
        page.wait("!document.getElementById('end').hidden")
        page.press("e")
        exported = json.loads(page.downloaded().read_text())
    ballots = read_ballots({"votes.json": exported}, study)
    rankings = [len(vote.ranking) for vote in ballots[0].votes]
    assert rankings == [3, 3, 2, 2]
    assert all(vote.milliseconds >= 400 for vote in ballots[0].votes), "half a second of video is watched"
    results = tabulate(ballots, study, Bootstrap(100, 0.95, seed=0)).set_index("model")
    assert results["win_rate"].to_dict() == pytest.approx(
        {"full": (2 + 2 * 0.5) / 8, "pruned": 2 * 0.5 / 8, "student": 1.0}
    )


def test_pairs_by_mouse(opened):
    study, clips = study_of(3, ["full", "student"])
    with opened(study, clips) as page:
        page.click("#start")
        page.wait("!document.getElementById('comparison').hidden")
        page.click("#clips [data-choice='1']")
        assert done(page) == 0
        for number in range(2):
            page.wait(WATCHED)
            page.click(f"#clips [data-choice='{position_of(page, study, 'full')}']")
            page.wait(f"{STATE}.votes.length === {number + 1}")
        page.wait(WATCHED)
        page.click("#tie")
        page.wait("!document.getElementById('end').hidden")
        page.click("#again")
        page.wait(WATCHED)
        page.click("#tie")
        page.wait("!document.getElementById('end').hidden")
        page.click("#export")
        exported = json.loads(page.downloaded().read_text())
        assert page.run("document.getElementById('saved').textContent").startswith(
            "3 of 3 votes saved as votes_"
        )
    results = tabulate(
        read_ballots({"v.json": exported}, study), study, Bootstrap(100, 0.95, seed=0)
    ).set_index("model")
    assert results["win_rate"].to_dict() == pytest.approx({"full": 2.5 / 3, "student": 0.5 / 3})


def test_people_see_other_orders_and_videos_run_together(opened, tmp_path):
    study, clips = study_of(8)
    orders = []
    for _ in range(2):
        with opened(study, clips) as page:
            orders.append([(step["item"], step["shown"]) for step in page.run(f"{STATE}.order")])
            page.press("Enter")
            page.wait("[...document.querySelectorAll('video')].length === 3")
            page.wait("[...document.querySelectorAll('video')].every((video) => video.currentTime > 0.1)")
            times = page.run("[...document.querySelectorAll('video')].map((video) => video.currentTime)")
            assert max(times) - min(times) < 0.25, "half a clip apart would be seen"
            page.wait(WATCHED)
            assert page.run("[...document.querySelectorAll('video')].every((video) => video.videoWidth > 0)")
    assert orders[0] != orders[1]
    assert sorted(item for item, _ in orders[0]) == sorted(item for item, _ in orders[1])


def test_what_the_browser_kept_of_something_else_is_not_used(opened):
    study, clips = study_of(2)
    with opened(study, clips) as page:
        page.run("localStorage.setItem('vip-study-' + study.study, '{\"rater\": 3}')")
        page.reload()
        assert done(page) == 0
        assert len(page.run(f"{STATE}.order")) == 2
