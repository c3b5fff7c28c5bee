"""The audit trail: what was done in a project, by whom and when, each entry sealed together with the one before it.

An entry's digest is the SHA-256 (FIPS 180-4) of all its fields and of the digest of the entry before it, so the last
digest, the *head*, stands for the whole trail (a hash chain: Haber & Stornetta, "How to time-stamp a digital
document", 1991). What follows from that, and what does not:

- Whoever changes, removes, adds or moves an entry without writing all later ones anew is found, with its number.
- Entries cut off at the end leave a whole chain. They are missed because the head is kept in a second place as well.
- There is no secret in it. Whoever knows the program can write the *whole* chain anew, and its head with it, and put
  an older copy of the database in place of the newer; a project alone can't prove that this was not done.
- Against that there are *anchors*: a head that was given away, printed in a report, kept beside an export or in a
  mail. A chain that was written anew does not come through it, so every anchor fixes all that was done before it.
- Names are those that the system or the person gave, and times are those of the computer's clock. The trail says what
  they said; it proves neither.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

NOTHING_BEFORE = "0" * 64
"""What the first entry has in the place of a digest before it."""

_SCHEME = b"segstudio audit 1\n"

Trouble = Literal["altered", "removed", "moved", "rewritten", "unexpected", "head", "anchor", "mask"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done.

    ``number`` counts from 1. ``when`` is UTC in ISO 8601. ``what`` is a JSON object in its one canonical form, see
    ``canonical``. ``image_id`` is None for what concerns no single image. ``program`` is the version that wrote it.
    ``previous`` and ``digest`` are hexadecimal.
    """

    number: int
    when: str
    who: str
    kind: str
    image_id: int | None
    what: str
    program: str
    previous: str
    digest: str

    @property
    def is_sealed(self) -> bool:
        """Whether the digest is that of the fields."""
        return seal(self) == self.digest

    @property
    def head(self) -> Head:
        """The head of a trail that ends here."""
        return Head(self.number, self.digest)

    @property
    def told(self) -> dict[str, object]:
        """``what``, read; empty where it is no JSON object any more."""
        try:
            read = json.loads(self.what)
        except (TypeError, ValueError, RecursionError):
            return {}
        return read if isinstance(read, dict) else {}


@dataclass(frozen=True, slots=True)
class Head:
    """How many entries there are, and the digest of the last. It reads "12:ab34..."."""

    count: int = 0
    digest: str = NOTHING_BEFORE

    def __str__(self) -> str:
        return f"{self.count}:{self.digest}"

    @classmethod
    def read(cls, text: str) -> Head:
        """The head that ``str`` gave. Raises ``ValueError`` for anything else."""
        count, _, digest = text.strip().partition(":")
        if not (count.isascii() and count.isdigit()) or len(digest) != 64 or set(digest) - set("0123456789abcdef"):
            raise ValueError(f"{text!r} is no head of an audit trail")
        return cls(int(count), digest)

    @property
    def short(self) -> str:
        """Enough of the digest to compare by eye."""
        return self.digest[:12]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with the entries ``first`` to ``last``, as a sentence for people."""

    trouble: Trouble
    first: int
    last: int
    sentence: str


def canonical(what: Mapping[str, object]) -> str:
    """A JSON object in the one form that is sealed: keys in order, no spaces, ASCII.

    Raises ``TypeError`` or ``ValueError`` for what JSON can't say.
    """
    return json.dumps(dict(what), sort_keys=True, separators=(",", ":"), allow_nan=False)


def seal(entry: Entry) -> str:
    """The digest that belongs to an entry's fields, ``previous`` among them; "" where they can't be an entry's.

    The fields are encoded as one JSON array, in which different fields never look alike: text is quoted, and a number
    is no text.
    """
    fields = [
        entry.number,
        entry.when,
        entry.who,
        entry.kind,
        entry.image_id,
        entry.what,
        entry.program,
        entry.previous,
    ]
    try:
        encoded = json.dumps(fields, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError):
        return ""  # bytes, say, where there was text
    return hashlib.sha256(_SCHEME + encoded.encode("ascii")).hexdigest()


def text_digest(text: str) -> str:
    """The SHA-256, hexadecimal, of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def mask_digest(mask: NDArray[np.uint16]) -> str:
    """The SHA-256, hexadecimal, of a (height, width) uint16 mask of segment ids: its size, then its rows."""
    height, width = mask.shape
    digest = hashlib.sha256(f"{width} x {height}\n".encode("ascii"))
    digest.update(np.ascontiguousarray(mask, "<u2").data)
    return digest.hexdigest()


def follow(
    head: Head, *, when: str, who: str, kind: str, image_id: int | None, what: Mapping[str, object], program: str
) -> Entry:
    """The entry that comes after ``head``. Raises ``TypeError`` or ``ValueError`` where ``what`` is no JSON."""
    entry = Entry(head.count + 1, when, who, kind, image_id, canonical(what), program, head.digest, "")
    return replace(entry, digest=seal(entry))


def verify(entries: Sequence[Entry], head: Head | None, anchors: Iterable[Head] = ()) -> list[Finding]:
    """Everything that is wrong with a trail, in order; nothing if it is whole.

    ``entries`` are as they were found, ``head`` is the one kept beside them, None if it is gone. ``anchors`` are heads
    that were given away earlier.
    """
    findings = _walk(entries)
    findings += _end(entries, head)
    by_number = {entry.number: entry for entry in entries}
    for anchor in anchors:
        fixed = by_number.get(anchor.count)
        if anchor != Head() and (fixed is None or fixed.digest != anchor.digest):
            found = "is not there" if fixed is None else "is another one now"
            sentence = f"Entry {anchor.count}, given away as {anchor.short}…, {found}: the trail was written anew."
            findings.append(Finding("anchor", anchor.count, anchor.count, sentence))
    return findings


def _walk(entries: Sequence[Entry]) -> list[Finding]:
    findings: list[Finding] = []
    moved: list[tuple[int, int]] = []
    origins = _Origins(entries)
    expected, before = 1, None
    for entry in entries:
        number = entry.number
        if number > expected:
            findings.append(_removed(expected, number - 1))
            before = None
        elif number < expected:
            sentence = f"Entry {number} stands where entry {expected} belongs."
            findings.append(Finding("unexpected", number, number, sentence))
            before = None
        if not entry.is_sealed:
            origin = origins.of(entry)
            if origin is None:
                findings.append(Finding("altered", number, number, f"Entry {number} was altered."))
            else:
                moved.append((number, origin))
        elif before is not None and before.is_sealed and entry.previous != before.digest:
            findings.append(_rewritten(before.number, number))
        elif number == 1 and entry.previous != NOTHING_BEFORE:
            findings.append(_rewritten(0, 1))
        before = entry
        expected = number + 1
    return sorted([*findings, *_shifts(moved)], key=lambda finding: finding.first)


class _Origins:
    """Where an entry stood that does not fit where it stands: its neighbours of then still name it."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries
        self._by_digest: dict[str, Entry] = {}
        self._by_previous: dict[str, Entry] = {}

    def of(self, entry: Entry) -> int | None:
        """The number under which its digest fits; None if there is none."""
        if not self._by_digest:
            self._by_digest = {other.digest: other for other in self._entries}
            self._by_previous = {other.previous: other for other in self._entries}
        candidates = {1, len(self._entries)} | {entry.number - 1, entry.number + 1}
        if entry.previous in self._by_digest:
            candidates.add(self._by_digest[entry.previous].number + 1)
        if entry.digest in self._by_previous:
            candidates.add(self._by_previous[entry.digest].number - 1)
        return next((number for number in sorted(candidates) if replace(entry, number=number).is_sealed), None)


def _shifts(moved: list[tuple[int, int]]) -> list[Finding]:
    """Entries that moved by as much, one after the other, as one finding."""
    findings: list[Finding] = []
    start = 0
    for index in range(1, len(moved) + 1):
        place, origin = moved[start]
        together = index < len(moved) and moved[index] == (place + index - start, origin + index - start)
        if together:
            continue
        last = moved[index - 1][0]
        sentence = (
            f"Entry {place} was moved: it was entry {origin}."
            if place == last
            else f"Entries {place} to {last} were moved: they were entries {origin} to {origin + last - place}."
        )
        findings.append(Finding("moved", place, last, sentence))
        start = index
    return findings


def _end(entries: Sequence[Entry], head: Head | None) -> list[Finding]:
    last = entries[-1].head if entries else Head()
    if head is None:
        return [Finding("head", last.count, last.count, "The head that is kept beside the trail is gone.")]
    if head == last:
        return []
    if last.count < head.count:
        missing = head.count - last.count
        words = "1 is" if missing == 1 else f"{missing} are"
        sentence = f"The trail ends with entry {last.count}, but it had {head.count}: {words} missing."
        return [Finding("removed", last.count + 1, head.count, sentence)]
    if last.count > head.count:
        which = _entries(head.count + 1, last.count)
        return [Finding("unexpected", head.count + 1, last.count, f"{which} added behind the end of the trail.")]
    sentence = f"Entry {last.count} is not the one that the head beside the trail was written for."
    return [Finding("head", last.count, last.count, sentence)]


def _removed(first: int, last: int) -> Finding:
    return Finding("removed", first, last, f"{_entries(first, last)} removed.")


def _rewritten(before: int, number: int) -> Finding:
    sentence = (
        f"Entry {number} does not follow entry {before}: entry {before} was written anew, or something between them "
        "was taken out."
        if before
        else f"Entry {number} is not the first of the trail: what was before it was taken out."
    )
    return Finding("rewritten", max(before, 1), number, sentence)


def _entries(first: int, last: int) -> str:
    return f"Entry {first} was" if first == last else f"Entries {first} to {last} were"
