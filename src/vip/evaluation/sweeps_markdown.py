"""Sweeps as Markdown: what each value comes to against the default, and what to choose."""

from vip.evaluation.markdown import said, section
from vip.evaluation.results import records
from vip.evaluation.sweeps import advice, rows_of_sweeps
from vip.evaluation.wording import counted, quantity_as_text, spelled
from vip.types import Table


def as_markdown(results: Table) -> str:
    """The average of every value by every evaluator, from the table of `vip.evaluation.sweeps`.

    Means, and the advice below each table, are by the first evaluator.
    """
    seeds, prompts, comparisons = (int(results[name].max()) for name in ("seeds", "prompts", "comparisons"))
    head = (
        f"{counted(seeds, 'seed')}, {counted(prompts, 'development prompt')}. Brackets are intervals over "
        f"seeds and prompts, bold where all of them lies on one side of zero; there are {comparisons} in "
        "all, in every dimension and by every judge."
    )
    return "\n\n".join([head, *(_sweep(name, rows) for name, rows in rows_of_sweeps(results))]) + "\n"


def _sweep(name: str, results: Table) -> str:
    judges = list(results["evaluator"].unique())
    average = results[results["dimension"] == "average"]
    rows = []
    for value, table in average.groupby("value", sort=False):
        of = {row["evaluator"]: row for row in records(table)}
        first = of[judges[0]]
        told = ["default" if first["default"] else said(of.get(judge)) for judge in judges]
        trained = [f"{first['pairs']:.0f}", quantity_as_text(first["parameters"])]
        rows.append([str(value), f"{first['mean']:.3f}", *told, *trained])
    header = ["value", f"mean, {judges[0]}", *judges, "pairs", "parameters"]
    advised = advice(results[results["evaluator"] == judges[0]])
    return f"{section(spelled(name), header, rows)}\n\n{advised}"
