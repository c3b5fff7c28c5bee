"""How many there are, in words."""

from __future__ import annotations


def counted(count: int, thing: str) -> str:
    """``count`` with what is counted: "1 image", "1,200 images"; ``thing`` takes an s where it is not one."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
