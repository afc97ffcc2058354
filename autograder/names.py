"""Names of students and files, which may hold anything: as a terminal shows them, and as names of files of our own."""

import hashlib
import re

__all__ = ["file_stem", "printable"]

# Most file systems take 255 bytes; a suffix such as `.json` follows.
MAX_STEM_BYTES = 250
SHORTENED = re.compile(r"~[0-9a-f]{32}\Z")


def printable(text):
    """Returns `text` in one line that can be printed anywhere: what is no visible character is escaped."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in str(text))


def file_stem(name):
    """Returns what a file about `name` is called, without its suffix; it differs where names differ.

    It is the name itself, or, where that is too long, its beginning with a digest. A name that looks like a shortened one is
    shortened too.
    """
    encoded = name.encode("utf-8", "surrogatepass")
    if len(encoded) <= MAX_STEM_BYTES and not SHORTENED.search(name):
        return name
    end = f"~{hashlib.sha256(encoded).hexdigest()[:32]}"
    return encoded[: MAX_STEM_BYTES - len(end)].decode("utf-8", "ignore") + end
