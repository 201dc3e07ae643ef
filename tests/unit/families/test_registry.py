"""The list of families, and what it says to who asks for something else."""

import subprocess
import sys

import pytest

from vip.errors import UserError
from vip.families.registry import FAMILIES, family_named, family_of_class


@pytest.mark.parametrize("name", FAMILIES)
def test_every_name_leads_to_the_class_of_that_name(name: str) -> None:
    assert family_named(name).name == name


def test_unknown_names_are_answered_with_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"model family 'animatedif' is unknown; did you mean animatediff\?"):
        family_named("animatedif")


def test_unknown_pipeline_classes_are_answered_with_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"'FluxPipeline'.*supported classes: .*AnimateDiffPipeline"):
        family_of_class("FluxPipeline")


def test_models_whose_side_modules_are_tied_to_block_numbers_are_refused_with_the_reason() -> None:
    with pytest.raises(UserError, match=r"'WanVACEPipeline' .* tied to block numbers.*supported classes: "):
        family_of_class("WanVACEPipeline")


def test_asking_for_a_family_does_not_import_torch() -> None:
    code = (
        "import sys; from vip.families.registry import FAMILIES, family_named; "
        "[family_named(name) for name in FAMILIES]; "
        "sys.exit(' '.join({'torch', 'diffusers', 'transformers'} & set(sys.modules)))"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert finished.stderr.strip() == ""
