"""Draw docs/images/evidence.png: ReDPO minus every other arm, by all judges, from the scores in this folder.

python docs/evidence/forest.py
"""

from pathlib import Path

import matplotlib as mpl
import pandas as pd

from vip.evaluation.arms import differences_of
from vip.evaluation.bootstrap import Bootstrap

mpl.use("agg")
from matplotlib import pyplot as plt

HERE = Path(__file__).parent
FAMILIES = {
    "AnimateDiff type, seeds 0 to 4": "shapes",
    "3D U-Net, seeds 0 to 4": "shapes_unet3d",
    "flow transformer, seeds 5 to 9": "shapes_wan_fresh",
}
ARMS = (
    "full",
    "pruned",
    "dpo",
    "dpo_slow",
    "offline",
    "offline_as_long",
    "sft",
    "finetuning",
    "feature_distillation",
)
JUDGES = {"reward": "oracle", "inverse_rendering": "inverse rendering", "shapes_classifier": "classifier"}


def main() -> None:
    """One panel a family, one row an arm, one marker a judge."""
    tables = {title: pd.read_parquet(HERE / name / "scores.parquet") for title, name in FAMILIES.items()}
    rows = [[arm for arm in ARMS if arm in set(scores["arm"])] for scores in tables.values()]
    figure, axes = plt.subplots(
        len(tables), 1, figsize=(8, 8.5), height_ratios=[len(row) for row in rows], layout="constrained"
    )
    for axis, row, (title, scores) in zip(axes, rows, tables.items(), strict=True):
        draw(axis, row, differences_of(scores, "redpo", Bootstrap(10_000, 0.95, seed=0), ("average",)))
        axis.set_title(title, loc="left", fontsize=10)
    axes[0].legend(frameon=False, fontsize=8, loc="upper right")
    axes[-1].set_xlabel("average score: ReDPO minus the arm, with its 95% interval")
    figure.savefig(HERE.parent / "images" / "evidence.png", dpi=110)


def draw(axis: plt.Axes, arms: list[str], differences: pd.DataFrame) -> None:
    """The differences from these arms, top to bottom, on a scale that is linear near zero."""
    for shift, (judge, name) in zip((0.22, 0.0, -0.22), JUDGES.items(), strict=True):
        found = differences[differences["evaluator"] == judge].set_index("arm").loc[arms]
        places = [len(arms) - i + shift for i in range(len(arms))]
        sides = [found["difference"] - found["low"], found["high"] - found["difference"]]
        axis.errorbar(found["difference"], places, xerr=sides, fmt="o", markersize=4, label=name)
    axis.axvline(0, color="gray", linewidth=0.8)
    axis.set_xscale("symlog", linthresh=0.2)
    ticks = (-1, -0.2, -0.1, 0, 0.1, 0.2, 1, 2)
    axis.set_xticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    axis.set_xlim(-1.2, 2.6)
    axis.set_yticks(range(len(arms), 0, -1), labels=[arm.replace("_", " ") for arm in arms])


if __name__ == "__main__":
    main()
