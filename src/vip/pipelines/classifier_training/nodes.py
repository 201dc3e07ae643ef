"""Train a network that reads frames of the shapes world, on spoiled renderings."""

from typing import Any

from vip.pipelines.classifier_training.config import ClassifierTraining
from vip.types import Table


def train_classifier(checkpoints: Any, settings: ClassifierTraining) -> tuple[Any, Table, Table]:
    """Weights in half precision, the curve, and how often the network is right (`vip.shapes.classifier`)."""
    from dataclasses import replace

    import pandas as pd

    from vip.shapes.classifier.accuracy import accuracy_of
    from vip.shapes.classifier.training import halved, train
    from vip.training.settings_diff import flat_settings

    checkpoints = replace(checkpoints, settings=flat_settings(settings))
    network, curve = train(checkpoints, settings.loop, settings.seed)
    weights = halved(network)
    accuracy = accuracy_of(network.double(), settings.clips, settings.seed)
    return weights, pd.DataFrame(curve), pd.DataFrame(accuracy).round(4)
