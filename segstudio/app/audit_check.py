"""Whether a project's audit trail is whole, and whether its approved masks are those that were approved."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from segstudio.app.opening import other_picture
from segstudio.domain.annotation import ImageRecord, ImageState
from segstudio.domain.audit import Entry, Finding, Head, mask_digest, text_digest, verify
from segstudio.domain.errors import UserError
from segstudio.formats.writing import check_reports, plain_cell, write_whole
from segstudio.store.database import damaged
from segstudio.store.project_db import Project
from segstudio.store.readings import READING_KEPT, Reading
from segstudio.store.versions import APPROVALS, Version, described

log = logging.getLogger(__name__)

MASK_CHANGES = ("edit", "undo", "redo", "mask imported", "mask restored", "approval taken back")
"""Kinds of entries after which what was approved is not what is there."""

_RENEWALS = frozenset((*APPROVALS, *MASK_CHANGES, READING_KEPT))

REJECTED, USED_AGAIN, DECIDED, IMPORT_UNDONE = "reject", "use again", "adjudicate", "import undone"

_SEGMENTS, _CLASSES = "segments", ("project made", "classes")

MANY = 5
"""Findings that are named in one line."""

COLUMNS = ("number", "when", "who", "kind", "image", "image id", "what", "program", "previous", "digest")


@dataclass(frozen=True)
class Report:
    """What was looked at, and what is wrong with it."""

    entries: int
    head: Head
    masks: int
    findings: tuple[Finding, ...]

    @property
    def line(self) -> str:
        """In one line."""
        if self.findings:
            things = "1 thing is" if len(self.findings) == 1 else f"{len(self.findings)} things are"
            sentences = " ".join(finding.sentence for finding in self.findings[:MANY])
            return f"{things} wrong with the audit trail: {sentences}{' …' if len(self.findings) > MANY else ''}"
        masks = "1 approved mask" if self.masks == 1 else f"{self.masks:,} approved masks"
        entries = "1 entry" if self.entries == 1 else f"{self.entries:,} entries"
        return f"Verified: {entries}, {masks}, head {self.head.short}…"


class MaskCheck:
    """Looks at one mask a step, so that strokes are saved in between; on the store thread.

    Raises ``UserError`` for a file that is damaged so far that images can't be read.
    """

    def __init__(self, project: Project, entries: Sequence[Entry]) -> None:
        self._project = project
        self._entries = {entry.number: entry for entry in entries}
        try:
            self._records = {record.id: record for record in project.images.all_rows()}
        except ValueError as error:  # a state that there is not, say
            raise damaged(project.folder) from error
        self._versions = {version.number: version for version in project.versions.list_versions()}
        self._meaning = _meaning(project, entries)
        self._last = _last_changes(entries)
        self._readings = project.readings.list_readings()
        kept = [entry for entry in entries if entry.kind == READING_KEPT]
        self._kept_readings = {(entry.image_id, str(entry.told.get("reading"))): entry for entry in kept}
        self._told = {
            word: {entry.image_id: entry for entry in entries if entry.kind in kinds}
            for word, kinds in (("rejection", (REJECTED, USED_AGAIN)), ("decision", (DECIDED,)))
        }
        self._taken_back = _taken_back(entries)
        self._upto = max((entry.number for entry in entries), default=0)
        self._approvals = [entry for entry in entries if entry.kind in APPROVALS]
        self._approved_now = [r for r in self._records.values() if r.state is ImageState.APPROVED and r.width]
        self.masks = len(self._versions)

    @property
    def count(self) -> int:
        """How many steps there are."""
        return 3 + len(self._records) + len(self._readings) + len(self._versions) + len(self._approved_now)

    def steps(self) -> Iterator[list[Finding]]:
        """What each step found."""
        yield self._meaning
        yield self._missing()
        yield self._gone()
        for record in self._records.values():
            yield self._standing(record)
        for reading in self._readings:
            yield self._unless_renewed(reading.row_id, self._read(reading))
        for version in self._versions.values():
            yield self._kept(version)
        for record in self._approved_now:
            yield self._unless_renewed(record.id, self._approved(record))

    def _unless_renewed(self, image_id: int, found: list[Finding]) -> list[Finding]:
        """What was worked on since the entries were read is left to the next check: it is no longer what they tell."""
        if not found:
            return found
        since = self._project.audit.entries(after=self._upto)
        renewed = any(entry.image_id == image_id and entry.kind in _RENEWALS for entry in since)
        return [] if renewed or image_id in _taken_back(since) else found

    def _missing(self) -> list[Finding]:
        wanted = {v: entry for entry in self._approvals if isinstance(v := entry.told.get("version"), int)}
        gone = [
            _finding(entry, f"Version {version} of {self._name(entry.image_id)} is gone.")
            for version, entry in wanted.items()
            if version not in self._versions
        ]
        there = {(reading.row_id, str(reading.kind)) for reading in self._readings}
        return gone + [
            _finding(entry, f"The {key[1]} reading of {self._name(key[0])} is gone.")
            for key, entry in self._kept_readings.items()
            if key not in there and key[0] in self._records  # whoever takes an import back takes its readings along
        ]

    def _gone(self) -> list[Finding]:
        """Images that were approved and whose rows are no more."""
        return [
            _finding(entry, f"Image {image_id}, which was approved, is gone.")
            for image_id, entry in self._last.items()
            if entry.kind in APPROVALS and image_id not in self._records and image_id not in self._taken_back
        ]

    def _standing(self, record: ImageRecord) -> list[Finding]:
        """What stands about an image beside its mask, where the trail says otherwise or nothing."""
        found = []
        last = self._last.get(record.id)
        if last is not None and last.kind in APPROVALS:
            if record.state is not ImageState.APPROVED:
                found.append(_finding(last, f"{record.name} is not approved any more, and the trail does not say why."))
            elif "held_out" in last.told and bool(last.told["held_out"]) != record.held_out:
                found.append(_finding(last, f"{record.name} was moved between learning and scoring: it was altered."))
        rejection, decision = (self._told[word].get(record.id) for word in ("rejection", "decision"))
        told = rejection.told.get("reason") if rejection is not None and rejection.kind == REJECTED else None
        if record.rejected != told:
            number = 0 if rejection is None else rejection.number
            found.append(Finding("mask", number, number, f"The rejection of {record.name} is not as it was given."))
        if record.adjudicator and (decision is None or decision.who != record.adjudicator):
            number = 0 if decision is None else decision.number
            sentence = f"{record.adjudicator} is said to have decided on {record.name}, which the trail does not know."
            found.append(Finding("mask", number, number, sentence))
        return found

    def _read(self, reading: Reading) -> list[Finding]:
        entry = self._kept_readings.get((reading.row_id, reading.kind))
        name = f"The {reading.kind} reading of {self._name(reading.image_id)}"
        if entry is None:
            return [Finding("mask", 0, 0, f"{name} is not one that the trail knows of.")]
        try:
            digest = hashlib.sha256(self._project.readings.mask(reading.row_id, reading.kind)).hexdigest()
        except (UserError, KeyError):  # an index may say otherwise than its table
            digest = ""
        if digest != entry.told.get("png") or entry.told.get("reader") != reading.reader:
            return [_finding(entry, f"{name} is not as it was kept: it was altered.")]
        return []

    def _kept(self, version: Version) -> list[Finding]:
        entry = self._entries.get(version.entry)
        name = f"Version {version.number} of {self._name(version.image_id)}"
        if entry is None or entry.kind not in APPROVALS or entry.image_id != version.image_id:
            number = version.entry
            return [Finding("mask", number, number, f"{name} is not one that the trail knows of.")]
        told = entry.told
        try:
            digest = mask_digest(self._project.versions.mask(version.number))
            png = self._project.versions.png_digest(version.number)
        except (UserError, KeyError):
            digest = png = ""
        if (digest, png, text_digest(version.segments)) != (told.get("mask"), told.get("png"), told.get("segments")):
            return [_finding(entry, f"{name} is not the mask that was approved: it was altered.")]
        return []

    def _approved(self, record: ImageRecord) -> list[Finding]:
        entry = self._last.get(record.id)
        if entry is None or entry.kind not in APPROVALS:
            number = 0 if entry is None else entry.number
            return [
                Finding(
                    "mask", number, number, f"{record.name} is approved, but the trail does not say who approved it."
                )
            ]
        try:
            digest = mask_digest(self._project.masks.shown(record.id))
        except (UserError, KeyError, ValueError):
            digest = ""
        if digest != entry.told.get("mask"):
            sentence = f"The mask of {record.name} is not the one that was approved: it was altered."
            return [_finding(entry, sentence)]
        return self._on_file(record, entry)

    def _on_file(self, record: ImageRecord, entry: Entry) -> list[Finding]:
        """Whether the image's file, if it is there, shows what it showed when its mask was approved."""
        original = self._records.get(record.reading_of or record.id, record)
        try:
            other = os.path.isfile(record.path) and other_picture(
                replace(original, fingerprint=str(entry.told.get("file") or ""))
            )
        except UserError:  # it can't be read, which the list of images says
            return []
        sentence = f"{record.name} shows another picture than when its mask was approved: its file was replaced."
        return [_finding(entry, sentence)] if other else []

    def _name(self, image_id: int | None) -> str:
        record = None if image_id is None else self._records.get(image_id)
        return f"image {image_id}" if record is None else record.name


def check_project(project: Project, anchors: Sequence[Head] = ()) -> Report:
    """All of it at once; see ``domain.audit`` for what that proves. Raises ``UserError`` for a damaged file."""
    entries, head = project.audit.entries(), project.audit.head()
    findings = verify(entries, head, anchors)
    masks = MaskCheck(project, entries)
    for found in masks.steps():
        findings += found
    return Report(len(entries), head or Head(), masks.masks, tuple(findings))


def as_csv(entries: Sequence[Entry], names: Mapping[int, str]) -> bytes:
    """Entries as CSV in UTF-8, a line each, with all that is sealed, so that others can check the chain."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for entry in entries:
        name = "" if entry.image_id is None else names.get(entry.image_id, "")
        image = "" if entry.image_id is None else entry.image_id
        about = map(plain_cell, (entry.when, entry.who, entry.kind, name))
        sealed = map(plain_cell, (entry.what, entry.program, entry.previous, entry.digest))
        writer.writerow((entry.number, *about, image, *sealed))
    return text.getvalue().encode("utf-8", "backslashreplace")


def verify_command(folder: Path, anchors: Sequence[str] = ()) -> tuple[str, bool]:
    """What to tell the user of a project's trail, and whether all is well. Raises ``UserError``."""
    try:
        known = [Head.read(anchor) for anchor in anchors]
    except ValueError as error:
        raise UserError(f"{error}. A head reads like 12:ab34… with 64 digits; reports and exports name it.") from error
    try:
        with Project.inspect(folder) as project:
            report = check_project(project, known)
    except UserError:
        raise
    except Exception as error:  # whatever a file holds that this program never wrote
        log.exception("the project could not be read")
        raise damaged(folder) from error
    lines = [finding.sentence for finding in report.findings]
    if not lines:
        lines = [report.line, f"Head: {report.head}"]
    return "\n".join(lines), not report.findings


def export_command(folder: Path, file: Path) -> str:
    """Write a project's trail as CSV; returns what to tell the user. Raises ``UserError``."""
    check_reports((file, ".csv"))
    with Project.inspect(folder) as project:
        entries, head = project.audit.entries(), project.audit.head() or Head()
        names = {record.id: record.name for record in project.images.all_rows()}
    write_whole(file, as_csv(entries, names))
    return f"{len(entries)} entries written to {file}. Head: {head}"


def _last_changes(entries: Sequence[Entry]) -> dict[int, Entry]:
    """The last entry about each image's mask."""
    kinds = (*APPROVALS, *MASK_CHANGES)
    return {entry.image_id: entry for entry in entries if entry.image_id is not None and entry.kind in kinds}


def _meaning(project: Project, entries: Sequence[Entry]) -> list[Finding]:
    """Whether segments and classes are what the trail said last: masks hold their numbers alone."""
    found = []
    told = next((e for e in reversed(entries) if e.kind == _SEGMENTS or e.kind in APPROVALS), None)
    if told is not None and told.is_sealed:
        kept = told.told.get("segments")
        digest = text_digest(json.dumps(kept, separators=(",", ":"))) if told.kind == _SEGMENTS else kept
        if digest != text_digest(described(project.segment_table())):
            found.append(
                _finding(told, "What the segments of all masks mean is not what was said of them last: it was altered.")
            )
    told = next((e for e in reversed(entries) if e.kind in _CLASSES), None)
    if told is not None and told.is_sealed:
        now = [{"id": spec.id, "name": spec.name, "kind": spec.kind} for spec in project.classes()]
        kept = told.told.get("classes")
        if kept not in (now, [row["name"] for row in now]):
            found.append(
                _finding(told, "The classes of the project are not what was said of them last: they were altered.")
            )
    return found


def _taken_back(entries: Sequence[Entry]) -> set[int]:
    """Images that went with an import that was undone."""
    undone = (entry.told.get("images") for entry in entries if entry.kind == IMPORT_UNDONE)
    return {number for images in undone if isinstance(images, list) for number in images if isinstance(number, int)}


def _finding(entry: Entry, sentence: str) -> Finding:
    return Finding("mask", entry.number, entry.number, sentence)
