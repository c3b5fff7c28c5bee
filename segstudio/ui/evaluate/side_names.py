"""What sides are called where there is little room."""

from __future__ import annotations

from collections.abc import Sequence

MOST = 14
"""Letters of a name that have room in the head of a table and in a legend."""

_BEFORE = 2


def short_names(names: Sequence[str], most: int = MOST) -> tuple[str, ...]:
    """``names`` of ``most`` letters each at most, cut so that what tells them apart is left."""
    alike = [len(set(letters)) == 1 for letters in zip(*names, strict=False)] if len(names) > 1 else []
    same = alike.index(False) if False in alike else len(alike)
    return tuple(_cut(name, max(0, same - _BEFORE), most) for name in names)


def _cut(name: str, start: int, most: int) -> str:
    if len(name) <= most:
        return name
    start = min(start, len(name) - most + 1)
    if start <= 0:
        return f"{name[: most - 1]}…"
    rest = name[start:]
    return f"…{rest}" if len(rest) < most else f"…{rest[: most - 2]}…"
