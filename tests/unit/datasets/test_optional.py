"""A dataset that may be missing: None and no complaint, until something lies there that is not whole."""

import pandas as pd
import pytest
from kedro.io import DataCatalog
from kedro.pipeline import node, pipeline

from vip.datasets import OptionalDataset
from vip.errors import UserError
from vip.hooks.guard import check_inputs

TABLE = pd.DataFrame({"measure": ["total"], "published": [0.5]})
READER = pipeline([node(lambda table: table, inputs="scores", outputs="copy", name="copy")])


@pytest.fixture
def catalog(tmp_path):
    inner = {"type": "vip.datasets.TableDataset", "filepath": str(tmp_path / "{which}.csv")}
    entry = {"type": "vip.datasets.OptionalDataset", "dataset": inner}
    return DataCatalog.from_config({"{which}": entry})


def test_what_is_missing_is_none_and_stops_no_run(catalog):
    assert catalog.load("scores") is None
    assert not catalog["scores"].exists()
    check_inputs(READER, catalog)


def test_what_is_saved_is_there(catalog, tmp_path):
    catalog["scores"].save(TABLE)
    assert catalog["scores"].exists()
    pd.testing.assert_frame_equal(catalog.load("scores"), TABLE)
    assert (tmp_path / "scores.csv").is_file()


@pytest.mark.parametrize("left", [0, 10])
def test_what_is_damaged_is_not_taken_for_missing(catalog, tmp_path, left):
    catalog["scores"].save(TABLE)
    path = tmp_path / "scores.csv"
    path.write_bytes(path.read_bytes()[:left])
    assert not catalog["scores"].exists()
    with pytest.raises(UserError, match=r"scores.csv"):
        catalog.load("scores")


def test_previews_are_the_other_datasets(catalog):
    catalog["scores"].save(TABLE)
    assert catalog["scores"].preview()["data"] == [["total", 0.5]]
    other = OptionalDataset({"type": "vip.datasets.JsonFolderDataset", "filepath": "votes"})
    assert not hasattr(other, "preview")
