"""The one family of errors that a user can act on; everything else is a bug and is logged with its traceback."""


class UserError(Exception):
    """Trouble that the user can act on.

    ``str(error)`` is one or two sentences in the user's words: what happened, what it means for the work, and
    what to do. It is shown in the window or, on the command line, printed on stderr with exit code 1.
    """


class DamagedError(UserError):
    """A project's file holds what this program never wrote; trying again is of no use."""
