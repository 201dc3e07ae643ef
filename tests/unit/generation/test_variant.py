"""A model folder with units removed on the fly."""

from pathlib import Path

from vip.families.folder import ModelFolder
from vip.generation.variant import ModelVariant

FOLDER = ModelFolder(Path("teacher"), "animatediff", "f00d")


def test_nothing_removed_is_the_model_itself() -> None:
    assert ModelVariant(FOLDER).fingerprint == "f00d"
    assert ModelVariant(FOLDER, (), "block").fingerprint == "f00d"


def test_every_other_variant_has_a_fingerprint_of_its_own() -> None:
    variants = [
        ModelVariant(FOLDER),
        ModelVariant(FOLDER, ("a",)),
        ModelVariant(FOLDER, ("b",)),
        ModelVariant(FOLDER, ("a",), "block"),
        ModelVariant(FOLDER, ("a", "b")),
        ModelVariant(ModelFolder(Path("teacher"), "animatediff", "beef"), ("a",)),
    ]
    assert len({variant.fingerprint for variant in variants}) == len(variants)


def test_the_order_of_removal_and_the_place_of_the_folder_do_not_matter() -> None:
    moved = ModelFolder(Path("elsewhere"), "animatediff", "f00d")
    assert ModelVariant(FOLDER, ("a", "b")).fingerprint == ModelVariant(moved, ("b", "a")).fingerprint


def test_opening_takes_the_units_out_of_a_fresh_copy(tiny_folder: ModelFolder) -> None:
    names = [unit.name for unit in tiny_folder.open().units("block")]
    variant = ModelVariant(tiny_folder, (names[0],), "block")
    assert [unit.name for unit in variant.open().units("block")] == names[1:]
    assert [unit.name for unit in ModelVariant(tiny_folder).open().units("block")] == names
