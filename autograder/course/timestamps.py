"""When something was handed in, as `collect`, nbgrader and people write it."""

import re
from datetime import UTC, datetime

from nbgrader import utils

__all__ = ["parse_timestamp"]

# nbgrader takes "+0200" with a space before it for 200 seconds.
OFFSET = re.compile(r"\s+([+-]\d\d:?\d\d)\Z")


def parse_timestamp(text: str) -> datetime | None:
    """Returns a time in UTC; None for what says no time."""
    try:
        return utils.parse_utc(OFFSET.sub(r"\1", text.strip())).replace(tzinfo=UTC)
    # In an exchange a student's own process wrote it.
    except (ValueError, OverflowError, TypeError, AttributeError):
        return None
