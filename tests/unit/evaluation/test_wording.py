"""Numbers as they are said."""

import pytest

from vip.evaluation import wording


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.1304, "+0.130"),
        (-0.0204, "-0.020"),
        (0.0, "0.000"),
        (-0.0004, "0.000"),
        (12.0, "+12.000"),
    ],
)
def test_signed(value: float, said: str) -> None:
    assert wording.signed(value) == said.replace("-", wording.MINUS)


def test_intervals() -> None:
    assert wording.interval_as_text(-0.1, 0.25) == f"[{wording.MINUS}0.100, +0.250]"
    assert wording.interval_as_text(float("nan"), float("nan")) == "[no interval]"
    metric = {"versus_full": -0.1, "versus_full_low": -0.2, "versus_full_high": 0.0}
    assert wording.difference_as_text(metric, "full", plain=True) == "-0.100 [-0.200, 0.000]"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"),
        (999, "999"),
        (453_209_280, "453 M"),
        (660_000, "660 k"),
        (4.897e12, "4.90 T"),
        (31_500, "31.5 k"),
    ],
)
def test_quantities(value: float, said: str) -> None:
    assert wording.quantity_as_text(value) == said


def test_units() -> None:
    assert wording.bytes_as_text(1536) == "1.50 KiB"
    assert wording.bytes_as_text(12) == "12 B"
    assert wording.bytes_as_text(3 * 2**30) == "3.00 GiB"
    assert wording.seconds_as_text(0.258) == "258 ms"
    assert wording.seconds_as_text(12.34) == "12.3 s"
    assert wording.percent(0.675) == "68%"
    assert wording.percent(-0.25) == f"{wording.MINUS}25%"
    assert wording.counted(1, "stage") == "1 stage"
    assert wording.counted(1200, "pair") == "1,200 pairs"
