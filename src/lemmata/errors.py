"""The one exception of this project whose text is meant for a person."""


class LemmataError(Exception):
    """Something a user can mend: one line with the key or file, what was found, what is allowed.

    Jobs and the command line print its text alone, without a traceback.
    """
