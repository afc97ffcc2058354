"""When something was handed in, as `collect`, nbgrader and people write it."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

__all__ = ["HOW_TO_WRITE", "parse_timestamp"]

HOW_TO_WRITE = "write it as 2026-10-30 23:30+01:00, or 2026-10-30 22:30 UTC"
WRITTEN = re.compile(
    r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d(?::\d\d)?)(?:\.\d+)?\s*"
    r"(?:([+-]\d\d)(?::?(\d\d))?|([A-Za-z]\S*))\Z"
)
UTC_NAMES = ("z", "utc", "gmt")


def parse_timestamp(text: str) -> datetime | None:
    """Returns a time in UTC, to the second; None for what says no time, or not in which zone."""
    written = WRITTEN.match(text.strip())
    if not written:
        return None
    day, time, hours, minutes, name = written.groups()
    try:
        if hours:
            return datetime.fromisoformat(f"{day} {time}{hours}:{minutes or '00'}").astimezone(UTC)
        zone = UTC if name.casefold() in UTC_NAMES else ZoneInfo(name)
        return datetime.fromisoformat(f"{day} {time}").replace(tzinfo=zone).astimezone(UTC)
    # In an exchange a student's own process wrote it.
    except (ValueError, OverflowError, OSError, ZoneInfoNotFoundError):
        return None
