"""How many there are, in words."""

from __future__ import annotations


def counted(count: int, thing: str) -> str:
    """``count`` with what is counted: "1 image", "1,200 images"; ``thing`` takes an s where it is not one."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def those(count: int, thing: str, verbs: tuple[str, str], of: int | None = None) -> str:
    """``counted`` with the verb of one or of several: "1 file has", "2 files have" by ("has", "have").

    ``of`` is how many there are in all: "1 of 3 files has".
    """
    number = counted(count, thing) if of is None else f"{count:,} of {counted(of, thing)}"
    return f"{number} {verbs[count != 1]}"
