"""``python -m segstudio.worker``: serve a window on stdin and stdout, or run one round with ``--round FOLDER``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from segstudio.domain.errors import UserError


def main() -> int:
    """Returns the exit code: 1 after an error that was printed, 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m segstudio.worker", description=__doc__)
    parser.add_argument("--round", type=Path, metavar="FOLDER", help="run the round in FOLDER and print its progress")
    parser.add_argument("--every-core", action="store_true", help="leave none free for a window")
    arguments = parser.parse_args()
    folder = arguments.round
    if folder is None:
        from segstudio.worker.main import serve

        serve(painting=not arguments.every_core)
    from segstudio.worker.command import run_round

    try:
        run_round(folder)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
