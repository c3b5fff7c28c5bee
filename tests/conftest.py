"""Test-wide set-up: no screen is needed unless one is asked for."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
