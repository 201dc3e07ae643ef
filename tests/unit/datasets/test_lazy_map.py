"""What is missing is made, once, batch by batch; a save that is killed loses nothing that was finished."""

import base64
import io
import logging
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pandas as pd
import pytest
import torch

from vip.datasets import LazyMapDataset
from vip.datasets.previews import gallery
from vip.errors import UserError
from vip.processes import Processes
from vip.types import Clip, LazyMap

KEYS = [f"{number:032x}" for number in range(7)]


class Maker:
    """Makes rows and remembers what it was asked for; dies when asked for its n-th batch."""

    def __init__(self, dies_at: int | None = None) -> None:
        self.batches: list[list[str]] = []
        self.dies_at = dies_at

    def __call__(self, keys: Sequence[str]) -> list[dict[str, float | str]]:
        if len(self.batches) == self.dies_at:
            raise KeyboardInterrupt
        self.batches.append(list(keys))
        return [{"number": int(key, 16) / 3, "key": key} for key in keys]

    @property
    def made(self) -> list[str]:
        return [key for batch in self.batches for key in batch]


def lazy(
    make: Callable[[Sequence[str]], Sequence[object]], keys: Sequence[str] = KEYS, size: int = 3
) -> LazyMap:
    table = pd.DataFrame({"key": list(keys), "prompt": [f"prompt {key}" for key in keys]})
    return LazyMap(table=table, make_batch=make, batch_size=size, title="rows")


def dataset_in(folder: Path, name: str = "rows", codec: object = "row") -> LazyMapDataset:
    return LazyMapDataset(filepath=str(folder / f"{name}.parquet"), store=str(folder / "store"), codec=codec)


def tree(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def test_items_are_made_in_fixed_batches_and_read_back(tmp_path: Path) -> None:
    make = Maker()
    dataset = dataset_in(tmp_path)
    dataset.save(lazy(make))
    assert make.batches == [KEYS[:3], KEYS[3:6], KEYS[6:]]
    items = dataset.load()
    assert list(items) == KEYS
    assert items[KEYS[5]] == {"number": 5 / 3, "key": KEYS[5]}
    assert list(items.table) == ["key", "prompt"]


@pytest.mark.parametrize(
    ("number", "expected"), [(0, [KEYS[:2], KEYS[2:3], KEYS[6:]]), (1, [KEYS[3:5], KEYS[5:6]])]
)
def test_a_process_makes_whole_shares_batch_by_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, expected: list[list[str]]
) -> None:
    """Shares of three in batches of two: a share's last batch is not filled up from the next one."""

    class Alone(Processes):
        def from_first(self, make: Callable[[], Any]) -> Any:
            return make()

        def from_all(self, own: Any) -> list[Any]:
            return [own]

    monkeypatch.setattr("vip.datasets.lazy_map.this_run", lambda: Alone(number, 2))
    make = Maker()
    data = replace(lazy(make, size=2), share=3)
    monkeypatch.setattr(LazyMapDataset, "_write_manifest", lambda *_: None)
    dataset_in(tmp_path).save(data)
    assert make.batches == expected


def test_a_share_of_nothing_is_our_mistake(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="share is 0, at least 1"):
        dataset_in(tmp_path).save(replace(lazy(Maker()), share=0))


def test_nothing_is_made_twice(tmp_path: Path) -> None:
    dataset_in(tmp_path).save(lazy(Maker()))
    before = tree(tmp_path)
    again = Maker()
    dataset_in(tmp_path).save(lazy(again))
    assert again.batches == []
    assert tree(tmp_path) == before


def test_a_key_listed_many_times_is_made_once_and_keeps_its_rows(tmp_path: Path) -> None:
    make = Maker()
    dataset = dataset_in(tmp_path)
    dataset.save(lazy(make, [KEYS[0], KEYS[1], KEYS[0]]))
    assert make.made == KEYS[:2]
    assert dataset.load().table["key"].tolist() == [KEYS[0], KEYS[1], KEYS[0]]
    assert len(dataset.load()) == 2


def test_datasets_share_a_store(tmp_path: Path) -> None:
    dataset_in(tmp_path, "one").save(lazy(Maker(), KEYS[:4]))
    make = Maker()
    dataset_in(tmp_path, "two").save(lazy(make, KEYS[2:]))
    assert make.made == KEYS[4:]


def test_an_empty_map_is_kept(tmp_path: Path) -> None:
    dataset = dataset_in(tmp_path)
    dataset.save(lazy(Maker(), []))
    assert dataset.exists()
    assert len(dataset.load()) == 0
    assert list(dataset.load().table) == ["key", "prompt"]


@pytest.mark.parametrize("dies_at", range(4))
def test_interrupted_at_any_batch_the_next_save_makes_only_the_rest(tmp_path: Path, dies_at: int) -> None:
    dataset_in(tmp_path / "whole").save(lazy(Maker(), size=2))
    torn = dataset_in(tmp_path / "torn")
    first, second = Maker(dies_at), Maker()
    with pytest.raises(KeyboardInterrupt):
        torn.save(lazy(first, size=2))
    assert not torn.exists()
    torn.save(lazy(second, size=2))
    assert first.made + second.made == KEYS
    assert tree(tmp_path / "torn") == tree(tmp_path / "whole")


def test_killed_with_signal_9_while_writing_the_next_save_makes_only_the_rest(tmp_path: Path) -> None:
    dataset_in(tmp_path / "whole").save(lazy(Maker(), size=2))
    script = """
import os, signal, sys
from pathlib import Path
import pandas as pd
from vip.datasets import LazyMapDataset
from vip.types import LazyMap
folder, keys = Path(sys.argv[1]), sys.argv[2].split()
real = Path.replace
def replace(path, target):
    if target.name.startswith(keys[4]):
        os.kill(os.getpid(), signal.SIGKILL)
    return real(path, target)
Path.replace = replace
table = pd.DataFrame({"key": keys, "prompt": ["prompt " + key for key in keys]})
make = lambda batch: [{"number": int(key, 16) / 3, "key": key} for key in batch]
dataset = LazyMapDataset(filepath=str(folder / "rows.parquet"), store=str(folder / "store"), codec="row")
dataset.save(LazyMap(table, make, 2, "rows"))
"""
    torn = tmp_path / "torn"
    killed = subprocess.run([sys.executable, "-c", script, str(torn), " ".join(KEYS)], check=False)
    assert killed.returncode == -signal.SIGKILL
    make = Maker()
    dataset_in(torn).save(lazy(make, size=2))
    assert make.made == KEYS[4:]
    assert tree(torn) == tree(tmp_path / "whole")


@pytest.mark.parametrize("suffix", [".json", ".sha256"])
@pytest.mark.parametrize("damage", ["truncated", "flipped", "deleted"])
def test_a_damaged_item_is_made_again_and_said_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, suffix: str, damage: str
) -> None:
    dataset = dataset_in(tmp_path)
    dataset.save(lazy(Maker()))
    before = tree(tmp_path)
    _damage(tmp_path / "store" / f"{KEYS[4]}{suffix}", damage)
    make = Maker()
    with caplog.at_level(logging.WARNING):
        dataset.save(lazy(make))
    assert make.made == [KEYS[4]]
    assert tree(tmp_path) == before
    forgotten = suffix == ".sha256" and damage == "deleted"  # no trace of a finished item is left
    assert ("1 items" in caplog.text and KEYS[4] in caplog.text) != forgotten


@pytest.mark.parametrize("damage", ["truncated", "flipped", "deleted"])
def test_reading_a_damaged_item_names_its_file_and_the_others_stay_readable(
    tmp_path: Path, damage: str
) -> None:
    dataset = dataset_in(tmp_path)
    dataset.save(lazy(Maker()))
    victim = tmp_path / "store" / f"{KEYS[4]}.json"
    _damage(victim, damage)
    items = dataset.load()
    with pytest.raises(UserError, match=f"{victim} is (missing|damaged).*run again") as caught:
        items[KEYS[4]]
    assert "\n" not in str(caught.value)
    assert items[KEYS[3]]["key"] == KEYS[3]
    assert dataset.exists() == (damage == "flipped")


def test_another_item_under_the_same_key_is_noticed(tmp_path: Path) -> None:
    dataset = dataset_in(tmp_path)
    dataset.save(lazy(Maker(), KEYS[:1]))
    items = dataset.load()
    (tmp_path / "store" / f"{KEYS[0]}.json").unlink()
    dataset_in(tmp_path, "other").save(lazy(lambda keys: [{"number": 99.0} for _ in keys], KEYS[:1]))
    with pytest.raises(UserError, match="tells of another item"):
        items[KEYS[0]]


def test_clips_written_at_another_frame_rate_are_made_again(tmp_path: Path) -> None:
    def clips(keys: Sequence[str]) -> list[Clip]:
        return [Clip(torch.zeros(1, 2, 2, 2), np.zeros((2, 16, 16, 3), np.uint8)) for _ in keys]

    dataset_in(tmp_path, codec="clip").save(lazy(clips, KEYS[:1]))
    slow = tree(tmp_path)
    fast = dataset_in(tmp_path, codec={"name": "clip", "frames_per_second": 28})
    fast.save(lazy(clips, KEYS[:1]))
    assert tree(tmp_path)[f"store/{KEYS[0]}.mp4"] != slow[f"store/{KEYS[0]}.mp4"]
    dataset_in(tmp_path, codec="clip").save(lazy(clips, KEYS[:1]))
    assert tree(tmp_path) == slow


@pytest.mark.parametrize("count", [0, 2, 4])
def test_a_batch_of_the_wrong_length_is_our_mistake(tmp_path: Path, count: int) -> None:
    with pytest.raises(Exception, match=f"a batch of 3 keys made {count} items") as caught:
        dataset_in(tmp_path).save(lazy(lambda _: [{"number": 1.0}] * count))
    assert isinstance(caught.value.__cause__, AssertionError)
    assert not dataset_in(tmp_path).exists()


def test_a_users_mistake_in_a_batch_reaches_the_user_unwrapped(tmp_path: Path) -> None:
    def make(_: Sequence[str]) -> list[object]:
        raise UserError("prompt 3 is too long")

    with pytest.raises(UserError, match=r"^prompt 3 is too long$"):
        dataset_in(tmp_path).save(lazy(make))


@pytest.mark.parametrize("key", ["../escape", "a/b", "", "a.b", "x" * 129, "a red circle"])
def test_keys_that_are_no_hashes_never_become_paths(tmp_path: Path, key: str) -> None:
    with pytest.raises(Exception, match="keys are content hashes"):
        dataset_in(tmp_path).save(lazy(Maker(), [key]))
    assert tree(tmp_path) == {}


@pytest.mark.parametrize("column", ["sha256", "bytes"])
def test_the_manifests_own_columns_are_not_the_maps(tmp_path: Path, column: str) -> None:
    table = pd.DataFrame({"key": KEYS, column: 1})
    with pytest.raises(Exception, match="the manifest's own"):
        dataset_in(tmp_path).save(LazyMap(table, Maker(), 3, "rows"))


def test_a_slow_map_shows_its_progress_and_a_quick_one_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make = Maker()
    dataset_in(tmp_path / "quick").save(lazy(make))
    assert capsys.readouterr().err == ""

    def slowly(keys: Sequence[str]) -> list[dict[str, float | str]]:
        time.sleep(0.6)
        return make(keys)

    dataset_in(tmp_path / "slow").save(lazy(slowly))
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "rows: 100%" in printed.err
    assert "7/7" in printed.err


def test_a_relative_store_lies_in_the_manifests_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    for folder in (project, elsewhere):
        folder.mkdir()
    (project / "pyproject.toml").write_text("[tool.kedro]\n")
    monkeypatch.chdir(elsewhere)
    filepath = str(project / "data" / "rows.parquet")
    LazyMapDataset(filepath=filepath, store="data/rows", codec="row").save(lazy(Maker()))
    assert len(list((project / "data" / "rows").glob("*.json"))) == len(KEYS)
    assert list(elsewhere.iterdir()) == []


def test_a_manifest_is_parquet(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"a manifest ends in \.parquet"):
        LazyMapDataset(filepath=str(tmp_path / "rows.csv"), store=str(tmp_path), codec="row")


def test_previews_show_clips_as_videos_and_escape_prompts(tmp_path: Path) -> None:
    def clips(keys: Sequence[str]) -> list[Clip]:
        return [Clip(torch.zeros(1, 2, 2, 2), np.zeros((2, 32, 32, 3), np.uint8)) for _ in keys]

    dataset = dataset_in(tmp_path, codec="clip")
    assert "Not made yet" in dataset.preview()
    table = pd.DataFrame({"key": KEYS, "prompt": "<script>"})
    dataset.save(LazyMap(table, clips, 4, "clips"))
    html = dataset.preview(count=2)
    assert html.count('<video src="data:video/mp4;base64,') == 2
    assert "<script>" not in html


def test_previews_are_small_at_their_own_rate_and_equal_clips_give_equal_pages() -> None:
    """Noise of 320x512 pixels, which no codec makes small unless it is reduced first."""
    frames = np.random.default_rng(0).integers(0, 256, (4, 320, 512, 3), dtype=np.uint8)
    page, again = (gallery([(Clip(torch.zeros(1), frames.copy()), "noise")], 28) for _ in range(2))
    assert page == again
    video = base64.b64decode(re.findall(r'src="data:video/mp4;base64,([^"]+)"', page)[0])
    with av.open(io.BytesIO(video)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height, stream.frames) == (192, 120, 4)
        assert (stream.average_rate, stream.codec_context.pix_fmt) == (28, "yuv420p")


def test_previews_of_other_items_show_the_table(tmp_path: Path) -> None:
    dataset = dataset_in(tmp_path)
    dataset.save(lazy(Maker()))
    assert dataset.preview(count=2).count("<tr") == 3


def _damage(path: Path, how: str) -> None:
    content = path.read_bytes()
    if how == "deleted":
        path.unlink()
    else:
        middle = len(content) // 2
        flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        path.write_bytes(content[:middle] if how == "truncated" else flipped)


def test_the_files_of_items_are_told_in_the_order_of_the_table(tmp_path: Path) -> None:
    dataset = dataset_in(tmp_path)
    dataset.save(lazy(Maker(), keys=[KEYS[2], KEYS[1], KEYS[2]]))
    files = dataset.files(".json")
    assert [path.name for path in files] == [f"{KEYS[2]}.json", f"{KEYS[1]}.json"]
    assert all(path.is_file() for path in files)
