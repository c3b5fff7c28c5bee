"""How large a pixel is, for lengths in millimetres: by image where an image says so, else by project."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from segstudio.app.changes import Changes
from segstudio.app.contents import MM_PER_PX
from segstudio.app.loader import Loader
from segstudio.domain.calibration import UNCALIBRATED, Calibration, size_of_pixel
from segstudio.imaging.spacing import read_spacing
from segstudio.store.project_db import Project


class Scale:
    """A ruler drawn on an image counts before what its file says, and that before the project's dermatoscope."""

    def __init__(
        self,
        project: float | None,
        images: Mapping[int, Calibration],
        save: Callable[[Callable[[Project], object]], None],
        announce: Callable[[Changes], None],
    ) -> None:
        self.project = project
        """Millimetres a pixel of all images that have no scale of their own; None where nobody said."""
        self.current: int | None = None
        """The image that is looked at; of another reader's row of an image, that image."""
        self._images = dict(images)
        self._asked: set[int] = set()
        self._save = save
        self._announce = announce

    @property
    def mm_per_px(self) -> float | None:
        """Of the image that is looked at; None where nobody said."""
        return self.now.mm_per_px

    @property
    def now(self) -> Calibration:
        """Of the image that is looked at, and who says so."""
        return self.of(self.current)

    def of(self, image_id: int | None) -> Calibration:
        """Of one image; of none, the project's."""
        own = None if image_id is None else self._images.get(image_id)
        if own is not None:
            return own
        return UNCALIBRATED if self.project is None else Calibration(self.project, "project")

    def set(self, mm_per_px: float | None) -> None:
        """Keep the project's. ``ValueError`` unless it is None or a number above 0."""
        if mm_per_px is not None:
            size_of_pixel(mm_per_px)
        if mm_per_px != self.project:
            self.project = mm_per_px

            def write(project: Project) -> None:
                with project.transaction():
                    project.settings.set_setting(MM_PER_PX, mm_per_px)
                    project.audit.note("scale", mm_per_px=mm_per_px)

            self._save(write)
            self._announce(Changes(scale=True))

    def know(self, images: Mapping[int, Calibration]) -> None:
        """Images have come, some with a scale of their own; what is known of others stays."""
        self._images = {**images, **self._images}
        self._announce(Changes(scale=True))

    def set_image(self, image_id: int, mm_per_px: float | None) -> None:
        """Keep what a ruler on an image says, or forget it. ``ValueError`` unless it is None or a number above 0."""
        if mm_per_px is None:
            self._images.pop(image_id, None)
            self._asked.discard(image_id)
        else:
            self._images[image_id] = Calibration(size_of_pixel(mm_per_px), "ruler")

        def write(project: Project) -> None:
            with project.transaction():
                if mm_per_px is None:
                    project.scales.forget(image_id)
                else:
                    project.scales.put(image_id, mm_per_px, "ruler")
                project.audit.note("scale", image_id, mm_per_px=mm_per_px)

        self._save(write)
        self._announce(Changes(scale=True))

    def follow(self, image_id: int | None, path: Path | None, loader: Loader) -> None:
        """Another image is looked at: its file is asked once, off the main thread, unless a ruler has spoken."""
        before, self.current = self.of(self.current), image_id
        if self.of(image_id) != before:
            self._announce(Changes(scale=True))
        if image_id is None or path is None or image_id in self._images or image_id in self._asked:
            return
        self._asked.add(image_id)
        loader.run(lambda: read_spacing(path), lambda found: self._note(image_id, found))

    def _note(self, image_id: int, found: float | None) -> None:
        if found is None or image_id in self._images:
            return
        self._images[image_id] = Calibration(found, "dicom")
        self._save(lambda project: project.scales.put(image_id, found, "dicom"))
        self._announce(Changes(scale=True))
