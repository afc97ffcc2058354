"""Times as `collect`, nbgrader and people write them."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

__all__ = ["HOW_TO_WRITE", "parse_timestamp", "split_time"]

HOW_TO_WRITE = "write it as 2026-10-30 23:30+01:00, or 2026-10-30 22:30 UTC"
WRITTEN = re.compile(
    r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d(?::\d\d)?)(?:\.\d+)?\s*"
    r"(?:([+-])(\d\d)(?::?(\d\d))?|([A-Za-z]\S*))?\Z"
)
UTC_NAMES = ("z", "utc", "gmt")


def split_time(text: str) -> tuple[datetime, tzinfo | None]:
    """Returns (a time to the second, its zone; None where it names none).

    Raises:
        ValueError: If it is no time, or its zone none.
    """
    written = WRITTEN.match(text.strip())
    if not written:
        raise ValueError(f"{text!r} is no time")
    day, time, sign, hours, minutes, name = written.groups()
    local = datetime.fromisoformat(f"{day} {time}")
    if sign:
        offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
        return local, timezone(offset if sign == "+" else -offset)
    if not name:
        return local, None
    try:
        return local, UTC if name.casefold() in UTC_NAMES else ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError(f"there is no zone {name}") from error


def parse_timestamp(text: str) -> datetime | None:
    """Returns a time in UTC, to the second; None where it is no time, or names no zone."""
    try:
        time, zone = split_time(text)
        return time.replace(tzinfo=zone).astimezone(UTC) if zone else None
    # In an exchange a student's own process wrote it.
    except (ValueError, OverflowError):
        return None
