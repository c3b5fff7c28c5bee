"""How large a pixel is, image by image, where an image has its own scale."""

from __future__ import annotations

from segstudio.domain.calibration import Calibration, Source, size_of_pixel
from segstudio.store.database import Database

SCALES = (
    """CREATE TABLE image_scales (
        image_id INTEGER NOT NULL REFERENCES images(id) ON DELETE CASCADE,
        mm_per_px REAL NOT NULL CHECK (mm_per_px > 0),
        source TEXT NOT NULL CHECK (source IN ('ruler', 'dicom')),
        UNIQUE (image_id, source)
    )""",
)
"""The statement that makes the table."""


class Scales:
    """What was read from files or measured with rulers drawn on images; the project's own scale is a setting."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self) -> dict[int, Calibration]:
        """Those that count, by image id: a ruler before what the file says."""
        # "ruler" comes behind "dicom", and the last of an image stays.
        query = "SELECT image_id, mm_per_px, source FROM image_scales ORDER BY source"
        with self._database.reading() as connection:
            rows = connection.execute(query).fetchall()
        return {image_id: Calibration(size, source) for image_id, size, source in rows}

    def put(self, image_id: int, mm_per_px: float, source: Source) -> None:
        """Keep it in the place of another from this source; nothing happens for an image that is gone.

        Raises ``ValueError`` for no size of a pixel.
        """
        with self._database.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO image_scales SELECT id, ?, ? FROM images WHERE id = ?",
                (size_of_pixel(mm_per_px), source, image_id),
            )

    def forget_ruler(self, image_id: int) -> None:
        """What the image's file says counts again, if it says something."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM image_scales WHERE image_id = ? AND source = 'ruler'", (image_id,))

    def of_file(self, image_id: int) -> Calibration | None:
        """What the image's file says; None where it says nothing."""
        query = "SELECT mm_per_px FROM image_scales WHERE image_id = ? AND source = 'dicom'"
        with self._database.reading() as connection:
            row = connection.execute(query, (image_id,)).fetchone()
        return None if row is None else Calibration(row[0], "dicom")
