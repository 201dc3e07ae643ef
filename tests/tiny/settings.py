"""Settings as conf/base has them; whoever means something by one of them says so."""

from functools import partial
from pathlib import Path
from typing import Any

import yaml

from vip.pipelines.block_pruning.config import BlockPruning
from vip.pipelines.prompt_filtering.config import PromptFiltering
from vip.pipelines.vbench.config import VBench
from vip.pipelines.video_generation.config import VideoGeneration

BASE = yaml.safe_load((Path(__file__).parents[2] / "conf" / "base" / "parameters.yml").read_text())


def _settings(kind: Any, block: str, **changes: Any) -> Any:
    return kind(**BASE[block] | changes)


block_pruning = partial(_settings, BlockPruning, "block_pruning")
prompt_filtering = partial(_settings, PromptFiltering, "prompt_filtering")
vbench = partial(_settings, VBench, "vbench", frames_per_second=8)
video_generation = partial(_settings, VideoGeneration, "video_generation")
