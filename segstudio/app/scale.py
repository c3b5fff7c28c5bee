"""How large a pixel is, for lengths in millimetres: by image where an image says so, else by project."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from segstudio.app.changes import Changes
from segstudio.app.contents import MM_PER_PX
from segstudio.app.store_thread import StoreThread
from segstudio.domain.calibration import UNCALIBRATED, Calibration, size_of_pixel
from segstudio.store.project_db import Project


class Scale:
    """A ruler drawn on an image counts before what its file says, and that before the project's dermatoscope."""

    def __init__(
        self,
        project: float | None,
        images: Mapping[int, Calibration],
        store: StoreThread,
        save: Callable[[Callable[[Project], object]], None],
        announce: Callable[[Changes], None],
    ) -> None:
        self.project = project
        """Millimetres a pixel of all images that have no scale of their own; None where nobody said."""
        self.current: int | None = None
        """The image that is looked at; of another reader's row of an image, that image."""
        self._images = dict(images)
        self._store, self._save = store, save
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
        else:
            self._images[image_id] = Calibration(size_of_pixel(mm_per_px), "ruler")

        def write(project: Project) -> None:
            with project.transaction():
                if mm_per_px is None:
                    project.scales.forget_ruler(image_id)
                else:
                    project.scales.put(image_id, mm_per_px, "ruler")
                project.audit.note("scale", image_id, mm_per_px=mm_per_px)

        self._save(write)
        if mm_per_px is None:
            self._store.run(lambda project: project.scales.of_file(image_id), lambda own: self._go_back(image_id, own))
        self._announce(Changes(scale=True))

    def _go_back(self, image_id: int, own: Calibration | None) -> None:
        """A ruler was forgotten: what the file says counts, unless another was drawn meanwhile."""
        if own is not None and image_id not in self._images:
            self._images[image_id] = own
            self._announce(Changes(scale=True))

    def follow(self, image_id: int | None) -> None:
        """Another image is looked at."""
        before, self.current = self.now, image_id
        if self.now != before:
            self._announce(Changes(scale=True))
