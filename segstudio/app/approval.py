"""Approving, taking it back, and what an edit means for it. Main thread only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from segstudio.app.catalog import Catalog
from segstudio.app.changes import Changes, Message
from segstudio.app.document import Document
from segstudio.app.mask_intake import FileSeen, MaskIntake, Seen, approve_as_seen
from segstudio.app.saver import Saver
from segstudio.domain.annotation import ImageRecord, ImageState


class Approvals:
    """An approval belongs to one state of one mask, marked in the document's history.

    An edit, an undo or a redo that leaves that state takes the approval away; an undo or a redo that comes back to it
    gives it back. The mark is forgotten when the approval is taken back by hand or another prediction is shown below,
    so that nothing is approved that nobody saw.
    """

    def __init__(
        self,
        catalog: Catalog,
        saver: Saver,
        intake: MaskIntake,
        replace_record: Callable[[ImageRecord], None],
        announce: Callable[[Changes], None],
        on_given: Callable[[int], None],
    ) -> None:
        self._catalog = catalog
        self._saver = saver
        self._intake = intake
        self._replace_record = replace_record
        self._announce = announce
        self._on_given = on_given
        self.expects: Callable[[ImageRecord], bool] = lambda _record: False
        """Whether an approved image is changed on purpose: then nobody needs to be told that it counts no more."""
        self.on_turn: Callable[[Document], None] = lambda _document: None
        """The image on the canvas has lost its approval, or has it again."""

    def give(self, document: Document) -> None:
        """A person vouches for the mask on the canvas, with the prediction that lies below the strokes."""
        record = self._catalog.record(document.image_id)
        held_out = self._catalog.holds_out(record)
        document.approved = True
        document.history.set_mark()
        self._intake.pin(record.id)
        seen, file = Seen.on(document), _other_file(record, document)
        if file is not None:
            record = replace(record, fingerprint=file.fingerprint, perceptual=file.perceptual)
        self._saver.save(lambda project: approve_as_seen(project, record.id, held_out, seen, file), record.id)
        self._on_given(record.id)
        image = self._catalog.original(record)
        if image.id != record.id:  # a row and its image are on one side, which is decided now if it was not
            self._catalog.replace(replace(image, held_out=held_out))
        self._replace_record(replace(record, state=ImageState.APPROVED, held_out=held_out))
        self._announce(Changes(history=True))

    def take_back(self, image_id: int, document: Document | None) -> None:
        """The image is in progress; ``document`` is what is on the canvas, perhaps another image."""
        record = self._catalog.record(image_id)
        if record.state is not ImageState.APPROVED:
            return
        self._saver.save(lambda project: project.images.reopen(image_id), image_id)
        self._replace_record(replace(record, state=ImageState.IN_PROGRESS))
        if document is not None and document.image_id == image_id:
            document.approved = False
            document.history.forget_mark()
            self.on_turn(document)
            self._announce(Changes(history=True))

    def follow_edit(self, document: Document) -> bool:
        """After an edit, undo or redo was handed to the saver; whether it brought the approval back."""
        record = self._catalog.record(document.image_id)
        document.approved = False
        touched = not document.correction.is_blank
        untouched = ImageState.NEW if record.prediction_round is None else ImageState.PREDICTED
        self._replace_record(replace(record, state=ImageState.IN_PROGRESS if touched else untouched, touched=touched))
        if document.history.at_mark:
            self.give(document)
            self.on_turn(document)
            self._say(f"{record.name} is approved again: its mask is the one that you approved.", record.id)
            return True
        if not touched:
            self._intake.predictor.want(record.id)
        if record.state is ImageState.APPROVED:
            self.on_turn(document)
            if not self.expects(record):
                self._say(
                    f"{record.name} is no longer approved, because you changed it. Approve it again when it is right.",
                    record.id,
                )
        return False

    def _say(self, sentence: str, image_id: int) -> None:
        def approved() -> bool:
            return image_id in self._catalog and self._catalog.record(image_id).state is ImageState.APPROVED

        said = approved()
        self._announce(Changes(message=Message(sentence, key="approval", holds=lambda: approved() == said)))


def _other_file(record: ImageRecord, document: Document) -> FileSeen | None:
    """What is on the canvas, if that is another file than the mask was made on: it is vouched for on this one now."""
    if document.fingerprint in ("", record.fingerprint):
        return None
    return FileSeen(document.width, document.height, document.fingerprint, document.perceptual)
