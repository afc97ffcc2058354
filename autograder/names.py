"""Names of students and files, which may hold anything: on a terminal, and as file names."""

import hashlib
import re
import unicodedata

__all__ = ["file_stem", "printable", "visible"]

# Most file systems take 255 bytes; a suffix such as `.json` follows.
MAX_STEM_BYTES = 250
SHORTENED = re.compile(r"~[0-9a-f]{32}\Z")


def printable(text) -> str:
    """Returns `text` in one line that can be printed: what is no visible character is escaped."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in str(text))


# Letters without a glyph: those of Unicode's Default_Ignorable_Code_Point that are no format
# characters, and Braille's blank.
WITHOUT_GLYPH = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]"
)


def visible(text) -> str:
    """Returns what a reader sees: no format or control characters, one space for all spaces."""
    kept = (
        letter
        for letter in WITHOUT_GLYPH.sub("", text)
        if letter.isspace() or unicodedata.category(letter) not in ("Cf", "Cc")
    )
    return " ".join("".join(kept).split())


def file_stem(name) -> str:
    """Returns what a file about `name` is called, without suffix; it differs where names differ.

    It is the name itself, or, where that is too long, its beginning with a digest. A name that
    looks like a shortened one is shortened too.
    """
    encoded = name.encode("utf-8", "surrogatepass")
    if len(encoded) <= MAX_STEM_BYTES and not SHORTENED.search(name):
        return name
    end = f"~{hashlib.sha256(encoded).hexdigest()[:32]}"
    return encoded[: MAX_STEM_BYTES - len(end)].decode("utf-8", "ignore") + end
