"""The parameters of evaluation and of the report, which are what the pages are told."""

from vip.evaluation.settings import Evaluation

__all__ = ["Evaluation"]
