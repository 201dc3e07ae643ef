"""Every experiment can be planned for the model that it is made for, and its header agrees with the plan."""

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests import experiments
from tests.published import MODELS, outline

from vip import config_loader
from vip.commands.experiment import Experiment
from vip.commands.plan import workload_of
from vip.commands.units import units_as_text
from vip.planning.workload import plan

ROOT = Path(__file__).parents[2]
CONF = ROOT / "conf"


@pytest.fixture(scope="module", params=sorted(MODELS))
def experiment(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    """An experiment's settings as they are, in a folder where its teacher's configurations lie."""
    with pytest.MonkeyPatch.context() as patch:  # the registry asks the last configuration that was read
        patch.setattr(config_loader, "_latest", [])
        read = Experiment.read(ROOT, request.param, {})
    project = tmp_path_factory.mktemp(request.param)
    outline(request.param, project / read.catalog["teacher"]["filepath"])
    return replace(read, project=project)


def test_there_is_an_outline_for_every_experiment() -> None:
    assert sorted(MODELS) == experiments.MODELS


def test_the_units_can_be_listed(experiment: Experiment) -> None:
    model = experiment.outline_teacher()
    table = units_as_text(model, experiment.parameters["block_pruning"]["granularity"])
    assert f"{sum(unit.parameters for unit in model.units('module')):,}" in table.splitlines()[-1]


@pytest.mark.long
def test_the_plan_can_be_made_and_the_header_says_what_it_says(experiment: Experiment) -> None:
    table = plan(experiment.outline_teacher, workload_of(experiment.outline_teacher(), experiment.parameters))
    assert len(table) == 7 * experiment.parameters["stages"]
    assert (table["peak_bytes"] > 1e9).all()
    assert table["flops"].map(math.isfinite).all()
    header = (CONF / experiment.catalog["teacher"]["filepath"].split("/")[-1] / "parameters.yml").read_text()
    stated = re.search(r"takes ([\d.]+) PFLOPs", " ".join(header.replace("#", " ").split()))
    pairs = table[table["phase"] == "pairs: teacher"].iloc[0]
    found = pairs["flops"] / pairs["clips"] / 1e15
    assert stated, f"the header does not say that a clip takes {found:.3g} PFLOPs"
    assert found == pytest.approx(float(stated[1]), rel=0.06)
