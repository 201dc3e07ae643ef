"""The classifier's training, a few steps of it: what it makes, the reward's network takes."""

from pathlib import Path

import torch
from kedro.io import DataCatalog
from kedro.runner import SequentialRunner

from vip.datasets import CheckpointFolderDataset, TableDataset, TensorsDataset
from vip.pipelines.classifier_training.config import ClassifierTraining
from vip.pipelines.classifier_training.pipeline import create_pipeline
from vip.shapes.classifier.damage import DAMAGES
from vip.shapes.classifier.network import FrameReader

LOOP = {"steps": 2, "batch_size": 4, "learning_rate": 1e-3, "warmup_steps": 1}


def test_it_makes_weights_a_curve_and_an_accuracy(tmp_path: Path) -> None:
    tables = {
        name: TableDataset(filepath=str(tmp_path / f"{name}.csv"))
        for name in ("classifier_curve", "classifier_accuracy")
    }
    catalog = DataCatalog(
        tables
        | {
            "classifier_weights": TensorsDataset(filepath=str(tmp_path / "weights.safetensors")),
            "classifier_checkpoints": CheckpointFolderDataset(filepath=str(tmp_path / "checkpoints")),
        }
    )
    catalog["params:classifier_training"] = ClassifierTraining(loop=LOOP, clips=3, seed=0)
    SequentialRunner().run(create_pipeline(), catalog)

    weights = catalog["classifier_weights"].load()
    assert {tensor.dtype for tensor in weights.values()} == {torch.float16}
    FrameReader().load_state_dict(weights)
    assert list(catalog["classifier_curve"].load()["step"]) == [0, 1]
    accuracy = catalog["classifier_accuracy"].load()
    assert list(accuracy["damage"]) == ["none", *(damage.__name__ for damage in DAMAGES)]
    assert list(accuracy)[1:] == ["clips", "shape", "colour", "background", "motion", "pixels"]
    assert accuracy["clips"].eq(3).all()
