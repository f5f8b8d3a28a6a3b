"""The members on flash, in a file of their own: whole, or as it was before."""

from os import rename, urandom

from kiosk.members import Members

PATH = "/members.bin"
_SALT = "/salt.bin"


def load(log):
    """Return the Members that were stored, none if there is no whole file."""
    try:
        with open(PATH, "rb") as file:
            return Members(file.read())
    except OSError as error:
        if error.errno != 2:  # ENOENT: nobody was ever enrolled
            log.line("members: they cannot be read; palms without an account will be deleted")
        return Members()


def save(members):
    """Store them; raises OSError if the flash refuses."""
    with open(PATH + ".new", "wb") as file:
        file.write(members.stored())
    rename(PATH + ".new", PATH)


def salt():
    """Return 16 random bytes that are this cabinet's own, made at its first start.

    The number of a card becomes a pseudonym with them, which no other cabinet can tell.
    """
    try:
        with open(_SALT, "rb") as file:
            found = file.read()
        if len(found) == 16:
            return found
    except OSError:
        pass  # the first start
    found = urandom(16)
    with open(_SALT + ".new", "wb") as file:
        file.write(found)
    rename(_SALT + ".new", _SALT)
    return found
