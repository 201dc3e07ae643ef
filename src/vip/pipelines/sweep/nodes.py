"""What each value of a setting comes to against the default (paper Supplement D.1), as a table and a page."""

from vip.evaluation.sweeps import results_of
from vip.evaluation.sweeps_markdown import as_markdown
from vip.evaluation.sweeps_page import render
from vip.evaluation.swept import Swept
from vip.pipelines.comparison.config import Comparison
from vip.pipelines.comparison.nodes import numbers_of_places
from vip.types import Table


def gather_pairs(**pairs: Table) -> Table:
    """One row a run and stage: arm, run_seed, stage, pairs, the number that it trained on."""
    return numbers_of_places({name: {"pairs": len(table)} for name, table in pairs.items()}, "pairs")


def tabulate_sweeps(scores: Table, sizes: Table, pairs: Table, swept: Swept, settings: Comparison) -> Table:
    """One row a sweep, value, evaluator and dimension: the mean, and the difference from the default."""
    return results_of(scores, sizes, pairs, swept, settings.bootstrap)


def write_tables(results: Table) -> str:
    """All sweeps as Markdown."""
    return as_markdown(results)


def write_page(results: Table, swept: Swept, settings: Comparison) -> str:
    """All sweeps on one self-contained HTML page."""
    return render(results, swept, settings.bootstrap)
