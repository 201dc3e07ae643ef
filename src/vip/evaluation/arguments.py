"""The keywords of nodes that take many datasets of one kind: what each dataset is, in one name."""

_SEPARATOR = "__"


def argument_name(*parts: object) -> str:
    """The keyword for the dataset that these parts stand for: `stage_1__metrics`, `sft__0__2__reward`."""
    return _SEPARATOR.join(map(str, parts))


def parts_of(argument: str) -> list[str]:
    """The parts that a keyword was made of; none of them has two underscores in a row."""
    return argument.split(_SEPARATOR)
