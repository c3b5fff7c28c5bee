"""One thread for torch: on tiny images several only wait for each other, above all on a busy machine."""

import pytest

from segstudio.engine.device import use_threads


@pytest.fixture(scope="package", autouse=True)
def _one_thread() -> None:
    use_threads(1)
