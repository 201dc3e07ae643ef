"""What every dataset promises: bit for bit, whole or not there, never silently damaged."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from kedro.io import DataCatalog

import vip.datasets
from vip.datasets.video import decode
from vip.errors import UserError
from vip.types import Clip, Items, LazyMap

KEYS = [f"{number:032x}" for number in range(3)]


@dataclass(frozen=True)
class Specimen:
    """A dataset as configured, two values for it, and what it gives back in a form that `==` compares."""

    type: str
    config: dict[str, Any]
    value: Callable[[int], Any]
    plain: Callable[[Any], Any]


class FakeFamily:
    """Stands for a model where only its folder matters."""

    name = "animatediff"

    def __init__(self, version: int) -> None:
        self.version = version

    def save(self, folder: Path) -> None:
        (folder / "unet").mkdir()
        (folder / "model_index.json").write_text('{"_class_name": "AnimateDiffPipeline"}')
        (folder / "unet" / "weights.safetensors").write_bytes(bytes([self.version]) * 100)


def _table(version: int) -> pd.DataFrame:
    return pd.DataFrame(
        {"prompt": ["None", 'a "red" circle, moving', ""], "score": [0.1, version / 3, 1e-300]}
    )


def _clip(version: int, key: str) -> Clip:
    rng = np.random.default_rng([version, int(key, 16)])
    frames = rng.integers(0, 256, (4, 16, 16, 3), dtype=np.uint8)
    return Clip(torch.from_numpy(rng.standard_normal((2, 4, 3, 3), dtype=np.float32)), frames)


def _tensors(version: int, key: str) -> dict[str, torch.Tensor]:
    return {"step": torch.tensor([version]), "prediction": _clip(version, key).latents}


def _lazy(make: Callable[[int, str], Any]) -> Callable[[int], LazyMap[Any]]:
    """The key stands for the content, so another version has other keys."""

    def value(version: int) -> LazyMap[Any]:
        keys = [f"{version}{key}" for key in KEYS]
        table = pd.DataFrame({"key": keys, "prompt": "a circle"})
        return LazyMap(table, lambda batch: [make(version, key) for key in batch], 2, "items")

    return value


def _frame(table: pd.DataFrame) -> Any:
    return table.to_dict(orient="split"), {name: str(dtype) for name, dtype in table.dtypes.items()}


def _items(items: Any) -> Any:
    return _frame(items.table), [_bits(item) for item in items.values()]


def _bits(item: Any) -> Any:
    if isinstance(item, Clip):
        return item.frames.tobytes(), item.frames.shape, _bits({"latents": item.latents})
    return {
        name: (str(v.dtype), v.shape, v.numpy().tobytes()) if isinstance(v, torch.Tensor) else v
        for name, v in item.items()
    }


def _model(folder: Any) -> Any:
    files = {
        p.name: p.read_bytes()
        for p in sorted(folder.path.rglob("*"))
        if p.is_file() and p.name != "index.json"
    }
    return folder.family, folder.fingerprint, files


def _lazy_config(codec: str) -> dict[str, Any]:
    return {"filepath": "{folder}/items.parquet", "store": "{folder}/items", "codec": codec}


def _named_clips(version: int) -> Items[Clip]:
    """Keys that are file names, as VBench's are: with spaces, commas, dots."""
    keys = {f"a dog, running. {key}-0.mp4": key for key in KEYS}
    table = pd.DataFrame({"key": list(keys)})
    return Items(table, lambda name: _clip(version, keys[name]))


def _videos(data: Any) -> Any:
    if isinstance(data, Items):
        return {name: data[name].frames.tobytes() for name in data}
    return {name: decode((data.path / name).read_bytes()).tobytes() for name in data.hashes}


SPECIMENS = {
    "table.parquet": Specimen("TableDataset", {"filepath": "{folder}/t.parquet"}, _table, _frame),
    "table.csv": Specimen("TableDataset", {"filepath": "{folder}/t.csv"}, _table, _frame),
    "json": Specimen(
        "JsonDataset", {"filepath": "{folder}/t.json"}, lambda n: {"é": [n, 0.1], "a": None}, lambda x: x
    ),
    "text": Specimen(
        "TextDataset", {"filepath": "{folder}/t.html"}, lambda n: f"<p>\r\n é {n}</p>" * 9, lambda x: x
    ),
    "weights": Specimen(
        "TensorsDataset", {"filepath": "{folder}/w.safetensors"}, lambda n: _tensors(n, "b"), _bits
    ),
    "model": Specimen("ModelFolderDataset", {"filepath": "{folder}/model"}, FakeFamily, _model),
    "clips": Specimen("LazyMapDataset", _lazy_config("clip"), _lazy(_clip), _items),
    "rows": Specimen(
        "LazyMapDataset", _lazy_config("row"), _lazy(lambda n, k: {"score": n / 3, "key": k}), _items
    ),
    "videos": Specimen("VideoFolderDataset", {"filepath": "{folder}/videos"}, _named_clips, _videos),
    "tensors": Specimen("LazyMapDataset", _lazy_config("tensors"), _lazy(_tensors), _items),
}
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "emptied": lambda content: b"",
    "truncated": lambda content: content[: len(content) // 2],
    "flipped": lambda content: (
        content[: len(content) // 2]
        + bytes([content[len(content) // 2] ^ 1])
        + content[len(content) // 2 + 1 :]
    ),
    "appended": lambda content: content + b"\0",
}


@pytest.fixture(params=SPECIMENS)
def specimen(request: pytest.FixtureRequest) -> Specimen:
    return SPECIMENS[request.param]


def open_in(folder: Path, specimen: Specimen) -> Any:
    config = {name: value.format(folder=folder) for name, value in specimen.config.items()}
    return getattr(vip.datasets, specimen.type)(**config)


def expected(specimen: Specimen, version: int, folder: Path) -> Any:
    """What a dataset gives back after saving that version and nothing else."""
    dataset = open_in(folder, specimen)
    dataset.save(specimen.value(version))
    return specimen.plain(dataset.load())


def load_or_complaint(dataset: Any, specimen: Specimen) -> tuple[Any, str]:
    """Everything that the dataset holds, or what it tells the user instead."""
    try:
        return specimen.plain(dataset.load()), ""
    except UserError as error:
        return None, str(error)


def tree(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def test_every_dataset_has_a_specimen() -> None:
    others = {"CheckpointFolderDataset", "JsonFolderDataset", "PromptSourceDataset", "OptionalDataset"}
    assert {specimen.type for specimen in SPECIMENS.values()} | others == set(vip.datasets.__all__)


def test_save_then_load_changes_no_bit(specimen: Specimen, tmp_path: Path) -> None:
    value = specimen.value(1)
    dataset = open_in(tmp_path, specimen)
    dataset.save(value)
    loaded = specimen.plain(dataset.load())
    if isinstance(value, LazyMap):
        assert loaded == (_frame(value.table), [_bits(item) for item in value.make_batch(value.table["key"])])
    elif isinstance(value, FakeFamily):
        assert loaded[2]["weights.safetensors"] == bytes([1]) * 100
    else:
        assert loaded == specimen.plain(value)


def test_exists_only_after_a_save(specimen: Specimen, tmp_path: Path) -> None:
    dataset = open_in(tmp_path, specimen)
    assert not dataset.exists()
    with pytest.raises(UserError, match="does not exist"):
        dataset.load()
    dataset.save(specimen.value(1))
    assert dataset.exists()
    assert open_in(tmp_path, specimen).exists()


def test_equal_values_give_equal_bytes(specimen: Specimen, tmp_path: Path) -> None:
    for name in "ab":
        open_in(tmp_path / name, specimen).save(specimen.value(1))
    assert tree(tmp_path / "a") == tree(tmp_path / "b")
    open_in(tmp_path / "a", specimen).save(specimen.value(1))
    assert tree(tmp_path / "a") == tree(tmp_path / "b")


def test_a_later_save_replaces_an_earlier_one(specimen: Specimen, tmp_path: Path) -> None:
    dataset = open_in(tmp_path, specimen)
    dataset.save(specimen.value(1))
    dataset.save(specimen.value(2))
    assert specimen.plain(dataset.load()) == expected(specimen, 2, tmp_path / "fresh")


def test_the_fingerprint_is_that_of_the_content(specimen: Specimen, tmp_path: Path) -> None:
    dataset = open_in(tmp_path, specimen)
    with pytest.raises(UserError, match="does not exist|is missing"):
        dataset.fingerprint()
    dataset.save(specimen.value(1))
    first = dataset.fingerprint()
    dataset.save(specimen.value(2))
    assert dataset.fingerprint() != first
    dataset.save(specimen.value(1))
    assert open_in(tmp_path, specimen).fingerprint() == first


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_named_never_used_and_mended_by_the_next_save(
    specimen: Specimen, damage: str, tmp_path: Path
) -> None:
    whole = expected(specimen, 1, tmp_path)
    dataset = open_in(tmp_path, specimen)
    for name, content in tree(tmp_path).items():
        (tmp_path / name).write_bytes(DAMAGES[damage](content))
        loaded, complaint = load_or_complaint(dataset, specimen)
        if complaint:
            assert Path(name).name.removesuffix(".sha256") in complaint
            assert "run again" in complaint
            assert "\n" not in complaint
            with pytest.raises(UserError, match="run again"):
                dataset.fingerprint()
        else:  # an item is checked against the manifest, so its own seal may suffer
            assert name.endswith(".sha256")
            assert loaded == whole
        assert damage == "flipped" or name.endswith(".sha256") or not dataset.exists()
        dataset.save(specimen.value(1))
        assert specimen.plain(dataset.load()) == whole
        assert (tmp_path / name).read_bytes() == content


def test_a_deleted_file_is_not_there(specimen: Specimen, tmp_path: Path) -> None:
    whole = expected(specimen, 1, tmp_path)
    dataset = open_in(tmp_path, specimen)
    for name, content in tree(tmp_path).items():
        if name.endswith(".sha256"):
            continue
        (tmp_path / name).unlink()
        if name != "model/index.json":  # without its index the folder is one that the user put there
            assert not dataset.exists()
            with pytest.raises(UserError, match=Path(name).name):
                specimen.plain(dataset.load())
        dataset.save(specimen.value(1))
        assert (tmp_path / name).read_bytes() == content
        assert specimen.plain(dataset.load()) == whole


def test_a_save_that_fails_anywhere_leaves_the_old_or_the_new_value(
    specimen: Specimen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every change of a name is made to fail in turn, until a save gets through."""
    versions = [expected(specimen, version, tmp_path / f"only_{version}") for version in (1, 2)]
    for step in range(100):
        folder = tmp_path / f"step_{step}"
        dataset = open_in(folder, specimen)
        dataset.save(specimen.value(1))
        with monkeypatch.context() as patch:
            through = _fail_at(patch, step)
            try:
                dataset.save(specimen.value(2))
            except KeyboardInterrupt:
                assert not through()
        assert dataset.exists()
        found = specimen.plain(dataset.load())
        assert found in versions
        if step == 0:
            assert found == versions[0]
        if through():
            assert found == versions[1]
            assert step > 0
            return
        dataset.save(specimen.value(2))
        assert specimen.plain(dataset.load()) == versions[1]
    pytest.fail("no save got through")


def _fail_at(patch: pytest.MonkeyPatch, step: int) -> Callable[[], bool]:
    """Let the step-th rename or replacement fail; tells whether none was left to fail."""
    count = 0
    real = {name: getattr(Path, name) for name in ("replace", "rename")}

    def patched(name: str) -> Callable[[Path, Path], Path]:
        def change(path: Path, target: Path) -> Path:
            nonlocal count
            count += 1
            if count == step + 1:
                raise KeyboardInterrupt
            return real[name](path, target)

        return change

    for name in real:
        patch.setattr(Path, name, patched(name))
    return lambda: count <= step


def test_a_factory_pattern_of_a_catalog_serves_every_stage(specimen: Specimen, tmp_path: Path) -> None:
    folder = f"{tmp_path}/stage_{{n}}"
    config = {name: value.replace("{folder}", folder) for name, value in specimen.config.items()}
    catalog = DataCatalog.from_config(
        {"stage_{n}.thing": {"type": f"vip.datasets.{specimen.type}", **config}}
    )
    catalog["stage_1.thing"].save(specimen.value(1))
    assert catalog["stage_1.thing"].exists()
    assert not catalog["stage_2.thing"].exists()
    assert specimen.plain(catalog.load("stage_1.thing")) == expected(specimen, 1, tmp_path / "fresh")


@pytest.mark.parametrize("dies_at", range(3))
@pytest.mark.parametrize("name", ["clips", "rows", "tensors"])
def test_a_lazy_map_interrupted_at_any_batch_continues_to_the_same_bytes(
    name: str, dies_at: int, tmp_path: Path
) -> None:
    specimen = SPECIMENS[name]
    value = specimen.value(1)
    made: list[str] = []

    def dying(keys: Sequence[str]) -> Sequence[Any]:
        if len(made) == dies_at:
            raise KeyboardInterrupt
        made.extend(keys)
        return value.make_batch(keys)

    def counting(keys: Sequence[str]) -> Sequence[Any]:
        made.extend(keys)
        return value.make_batch(keys)

    open_in(tmp_path / "whole", specimen).save(value)
    dataset = open_in(tmp_path / "torn", specimen)
    with pytest.raises(KeyboardInterrupt):
        dataset.save(LazyMap(value.table, dying, 1, "items"))
    assert not dataset.exists()
    dataset.save(LazyMap(value.table, counting, 1, "items"))
    assert made == value.table["key"].tolist()
    assert tree(tmp_path / "torn") == tree(tmp_path / "whole")
