"""The page: the tables' numbers, nothing from outside, and no prompt that becomes markup."""

import base64
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pandas as pd
import pytest
from tests.unit.evaluation import synthetic
from tests.unit.evaluation.conftest import HOSTILE

from vip.evaluation import provenance
from vip.evaluation.comparison import DIMENSIONS
from vip.evaluation.results import tabulate_results
from vip.evaluation.stages import gather
from vip.evaluation.wording import difference_as_text

LOADING = {"src", "href", "srcset", "poster", "data", "action", "background", "formaction", "xlink:href"}


class Page(HTMLParser):
    """Elements with their attributes, and texts outside and inside scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag if tag in {"script", "style"} else self._inside

    def handle_endtag(self, tag: str) -> None:
        self._inside = "" if tag in {"script", "style"} else self._inside

    def handle_data(self, data: str) -> None:
        {"script": self.scripts, "style": self.styles}.get(self._inside, self.texts).append(data)

    def all(self, tag: str) -> Iterator[dict[str, Any]]:
        return (attributes for name, attributes in self.elements if name == tag)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.texts))


@pytest.fixture(scope="module")
def parsed(page: str) -> Page:
    return Page(page)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """The results of the stages that the page shows."""
    prompts = [f"{HOSTILE} number {number}" for number in range(6)]
    return tabulate_results(gather(synthetic.stage_arguments(2, prompts=prompts)))


def test_every_mean_interval_and_cost_of_the_table_is_on_the_page(parsed: Page, table: pd.DataFrame) -> None:
    for row in table.to_dict("records"):
        assert f"{row['mean']:.3f}" in parsed.text
        if row["model"] != "full":
            assert difference_as_text(row, "full") in parsed.text
        if row["model"] == "student":
            assert difference_as_text(row, "pruned") in parsed.text
    for said in ("660 k", "390 k", "66.0 M", "39.0 M", "265 ms", "198 ms", "11.1 MiB"):
        assert said in parsed.text


def test_results_table_has_a_row_a_model_and_all_dimensions(page: str) -> None:
    markup = page[page.index('<table class="results">') : page.index("</table>")]
    assert markup.count("<tr") == 1 + 5
    assert markup.count('<td class="number"><b>') == 5 * (len(DIMENSIONS) + 4)


def test_nothing_is_loaded_from_outside(parsed: Page) -> None:
    for tag, attributes in parsed.elements:
        for name in LOADING & set(attributes):
            value = attributes[name] or ""
            assert value.startswith(("data:", "#")), f"<{tag} {name}={value[:60]}>"
        assert "url(" not in (attributes.get("style") or "")
    assert not {"link", "iframe", "object", "embed", "base"} & {
        tag for tag, attributes in parsed.elements if attributes.get("href") != "data:,"
    }
    assert not re.search(r"@import|url\(", "".join(parsed.styles))


def test_browsers_are_told_to_refuse_the_network(parsed: Page) -> None:
    policy = next(
        meta["content"]
        for meta in parsed.all("meta")
        if "content" in meta and "default-src" in meta["content"]
    )
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy
    assert "connect-src" not in policy


def test_the_projects_own_script_asks_for_nothing(parsed: Page) -> None:
    own = next(script for script in parsed.scripts if "drawFigures" in script and len(script) < 20_000)
    assert not re.search(r"https?:|fetch\(|XMLHttpRequest|import\(|WebSocket", own)


def test_hostile_prompts_stay_text(page: str, parsed: Page) -> None:
    assert '<script>alert("x")' not in page
    assert "49 </video>" not in parsed.text
    shown = [video for video in parsed.all("video") if HOSTILE in str(video["aria-label"])]
    assert len(shown) == len(list(parsed.all("video"))) == 2 * 3 * 3
    assert HOSTILE in parsed.text
    assert all(
        attributes.get("type") == "application/json" or not attributes for attributes in parsed.all("script")
    )


def test_videos_are_muted_mp4s(parsed: Page) -> None:
    for video in parsed.all("video"):
        assert {"muted", "loop", "playsinline"} <= set(video)
        kind, _, content = video["src"].partition(",")
        assert kind == "data:video/mp4;base64"
        assert b"ftyp" in base64.b64decode(content)[:16]


def test_figures_are_valid_json_with_titles(page: str) -> None:
    blocks = re.findall(r'<script type="application/json">(.*?)</script>', page, flags=re.DOTALL)
    figures = [json.loads(block) for block in blocks]
    assert len(figures) == len(DIMENSIONS) + 2 * 4 + 2
    assert all(figure["layout"]["xaxis"]["title"]["text"] for figure in figures)


def test_sections_and_facts_are_there(parsed: Page) -> None:
    anchors = {attributes["href"][1:] for attributes in parsed.all("a")}
    assert anchors == {attributes.get("id") for attributes in parsed.all("section")}
    for fact in (
        "fingerprint-of-teacher", "fingerprint-of-pruned-1", "fingerprint-of-student-2", "Apache-2.0",
        "redpo training 4", "redpo", "shapes_oracle", "1,885", "too short", "up_blocks.0.motion_modules.1",
        '"sft_weight": 1000.0', "95% intervals",
    ):  # fmt: skip
        assert fact in parsed.text.replace("\xa0", " "), fact


def test_it_says_what_scored_with_model_and_revision(page: str) -> None:
    told = page[page.index("<dt>Scored by</dt>") : page.index("<dt>Versions</dt>")]
    assert told.count("<code>") == 1
    assert synthetic.REWARD in told
    assert "cannot be compared" not in told


def test_scores_of_unlike_rewards_are_told_apart() -> None:
    arguments = synthetic.stage_arguments(1, prompts=synthetic.prompts_of_shapes(4))
    name = "stage_1__student_evaluation_scores"
    arguments[name] = arguments[name].assign(reward="videoscore other@feed, 16 frames, bfloat16")
    told = provenance.scored_by(gather(arguments))
    assert told == [synthetic.REWARD, "videoscore other@feed, 16 frames, bfloat16"]


def test_vbenchs_scores_of_both_models_are_on_the_page(page: str, parsed: Page) -> None:
    assert "Dynamic degree 50.00 revised 40.00 51.00 revised 41.00 +1.00" in parsed.text
    assert "Motion smoothness 50.00 51.00 +1.00" in parsed.text
    assert "are left out" not in parsed.text
    assert "#vbench" in {attributes["href"] for attributes in parsed.all("a")}


def test_page_is_small_enough_to_mail(page: str) -> None:
    assert len(page.encode()) < 6_500_000
