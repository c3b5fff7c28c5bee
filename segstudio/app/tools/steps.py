"""What was done to a shape that is still open, and what of it was taken back and can come again."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class TakenBack(Generic[T]):
    """Points, strokes or anything else that was taken off a shape, the last of them on top."""

    def __init__(self) -> None:
        self._items: list[T] = []

    def __bool__(self) -> bool:
        """Whether anything can come again."""
        return bool(self._items)

    def keep(self, item: T) -> None:
        """It was taken back."""
        self._items.append(item)

    def again(self) -> T | None:
        """What was taken back last, which is no longer kept here; None for nothing."""
        return self._items.pop() if self._items else None

    def forget(self) -> None:
        """Something else was done: nothing of it comes again."""
        self._items.clear()


class Steps(Generic[T]):
    """States of a shape, one a gesture: those before the one that is shown, and those that were taken back."""

    def __init__(self) -> None:
        self._past: list[T] = []
        self.taken_back: TakenBack[T] = TakenBack()

    def note(self, before: T) -> None:
        """A gesture made another state of ``before``."""
        self._past.append(before)
        self.taken_back.forget()

    def back(self, now: T) -> T | None:
        """The state before ``now``, which is then kept; None if it is the first."""
        if not self._past:
            return None
        self.taken_back.keep(now)
        return self._past.pop()

    def forward(self, now: T) -> T | None:
        """The state that was taken back last, to which ``now`` is the one before; None for none."""
        state = self.taken_back.again()
        if state is not None:
            self._past.append(now)
        return state
