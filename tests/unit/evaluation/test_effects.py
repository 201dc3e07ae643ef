"""What alignment changed: by hand, and on its page."""

import json
import re

import pandas as pd
import pytest
from tests.unit.evaluation import synthetic
from tests.unit.evaluation.conftest import HOSTILE

from vip.errors import UserError
from vip.evaluation.alignment_page import render
from vip.evaluation.arguments import argument_name
from vip.evaluation.bootstrap import Bootstrap
from vip.evaluation.comparison import DIMENSIONS
from vip.evaluation.effects import effects_of

SURE = Bootstrap(200, 0.95, seed=0)


def scores(values: list[float], reward: str = "oracle 1") -> pd.DataFrame:
    table = pd.DataFrame({"prompt_id": ["a", "b", "c"][: len(values)], "seed": 0, "reward": reward})
    return table.assign(**dict.fromkeys(DIMENSIONS, values))


def both(evaluator: str, before: list[float], after: list[float]) -> dict[str, pd.DataFrame]:
    pair = {"full": before, "student": after}
    return {argument_name(model, evaluator): scores(values, evaluator) for model, values in pair.items()}


def test_means_differences_and_wins_by_hand() -> None:
    tables = both("preference", [1.0, 2.0, 3.0], [2.0, 2.0, 5.0]) | both("reward", [3.0] * 3, [2.9] * 3)
    table = effects_of(tables, "dynamic_degree", SURE)
    assert list(table["evaluator"]) == ["preference", *["reward"] * len(DIMENSIONS)]
    taught, other = table.iloc[0], table.iloc[-1]
    assert (taught["dimension"], taught["teacher"], taught["aligned"]) == ("dynamic_degree", 2.0, 3.0)
    assert taught["difference"] == pytest.approx(1.0)
    assert taught["win_rate"] == pytest.approx(2.5 / 3)
    assert 0 <= taught["low"] <= 1.0 <= taught["high"] <= 2
    assert (other["low"], other["high"]) == (pytest.approx(-0.1), pytest.approx(-0.1))
    assert (other["dimension"], other["win_rate"], other["clips"]) == ("average", 0.0, 3)


def test_a_model_that_learned_nothing_has_no_effect() -> None:
    table = effects_of(both("preference", [1.0, 2.0], [1.0, 2.0]), "average", SURE)
    assert table[["difference", "low", "high"]].to_numpy().tolist() == [[0.0, 0.0, 0.0]]
    assert table["win_rate"].tolist() == [0.5]


def test_clips_of_other_prompts_are_refused() -> None:
    with pytest.raises(UserError, match="without a partner"):
        effects_of(both("preference", [1.0, 2.0], [1.0]), "average", SURE)


@pytest.fixture(scope="module")
def page() -> str:
    prompts = [f"{HOSTILE} number {number}" for number in range(5)]
    tables = {
        argument_name(model, evaluator): synthetic.scores_of(model, prompts, offset)
        for model, offset in {"full": -0.3, "student": 0.0}.items()
        for evaluator in ("preference", "reward")
    }
    effects = effects_of(tables, "dynamic_degree", SURE)
    judged = [tables[argument_name(model, "preference")] for model in ("full", "student")]
    models = {
        name: (synthetic.clips_of(table, 5.0), table)
        for name, table in zip(("teacher", "aligned"), judged, strict=True)
    }
    counts = pd.DataFrame([{"property": "dynamic_degree", "candidates": 9, "too_close": 2, "kept": 7}])
    return render(effects, counts, models, "dynamic_degree", synthetic.ONE_EXAMPLE)


def test_the_page_says_what_was_learned_and_what_it_cost(page: str) -> None:
    assert "learned from <b>7</b> pairs" in page
    assert "of 9 prompts, 2 had none" in page
    assert re.search(r"Of the 5 other differences \d\s+lies? wholly above zero and 0 wholly below", page)
    assert page.count(synthetic.REWARD) >= 1 + len(DIMENSIONS)


def test_the_page_shows_best_typical_and_worst_of_both_models(page: str) -> None:
    assert [kind for kind in ("Best", "Typical", "Worst") if f"<h3>{kind}</h3>" in page] == [
        "Best",
        "Typical",
        "Worst",
    ]
    assert page.count('<video src="data:video/mp4;base64,') == 2 * 3


def test_the_page_trusts_no_prompt_and_asks_the_network_for_nothing(page: str) -> None:
    assert HOSTILE not in page
    assert "default-src 'none'" in page
    assert not re.search(r"<(script|img|link)[^>]+(src|href)=\"(?!data:|#)", page)
    (figure,) = re.findall(r'<script type="application/json">(.*?)</script>', page)
    assert json.loads(figure)["data"]
