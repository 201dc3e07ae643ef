"""Namespaces are read back: stages by number, arms by name and seed."""

import pytest

from vip.pipelines.namespaces import key_of, stage_of


@pytest.mark.parametrize(
    ("namespace", "number"),
    [(None, 0), ("", 0), ("stage_2", 2), ("stage_12.inner", 12), ("stage_x", 0), ("other_1", 0)],
)
def test_the_number_of_a_namespace(namespace, number):
    assert stage_of(namespace) == number


def test_a_namespace_goes_by_its_stage_or_by_its_arm_and_seed():
    names = ("stage_2", "plain_sft_seed_3_stage_1", "alignment", "reporting", None)
    assert [key_of(name) for name in names] == [2, "plain_sft_seed_3", "alignment", 0, 0]
