"""Keeps the lines of a trace in a temporary file, for reports that read them more than once."""

import tempfile


class Spool:
    """A sink for the lines of a trace; iterate for them, as often as needed. Use as a context."""

    def __init__(self):
        self._file = tempfile.TemporaryFile("w+", encoding="utf-8")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()

    def __call__(self, line):
        """Add a line."""
        self._file.write(line + "\n")

    def __iter__(self):
        self._file.seek(0)
        for line in self._file:
            yield line[:-1]
        self._file.seek(0, 2)
