"""The one import of OpenCV.

opencv-python points Qt at its own plugin folder when it is imported, which makes PySide6 abort; the two
environment variables are put back to what they were before.
"""

import os

_QT_VARIABLES = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR")
_before = {name: os.environ.get(name) for name in _QT_VARIABLES}

import cv2  # noqa: E402

for _name, _value in _before.items():
    if _value is None:
        os.environ.pop(_name, None)
    else:
        os.environ[_name] = _value

# OpenCV's own threads would fight the painting thread for the core that is kept free for it.
cv2.setNumThreads(1)

__all__ = ["cv2"]
