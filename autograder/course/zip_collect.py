"""nbgrader's `zip_collect` with the kit's reading of downloads: its two plug-ins."""

from pathlib import Path
from typing import Any

from nbgrader.plugins.zipcollect import ExtractorPlugin, FileNameCollectorPlugin

from autograder.grading.submission import TIMESTAMP

from .collected import Collected
from .collecting import Wanted, collect
from .roster import read_roster

__all__ = ["CheckedExtractor", "PlacedCollector"]


class CheckedExtractor(ExtractorPlugin):
    """Writes `<student>/<assignment>.ipynb` for each notebook in downloads, and unpacks nothing."""

    def extract(self, archive_path: str, extracted_path: str) -> None:
        """Reads what is in a folder of downloads.

        Args:
            archive_path: That folder, `downloaded/<assignment>/archive`.
            extracted_path: Where notebooks go.
        """
        assignment = Path(archive_path).parent.name
        wanted = Wanted(read_roster(self.parent.coursedir.root), assignment)
        downloads = sorted(Path(archive_path).iterdir())
        found = collect(downloads, wanted, lambda student, _: Path(extracted_path, student))
        for line in describe(found):
            self.log.warning(line)


def describe(found: Collected) -> list[str]:
    """Returns what came to nothing, in lines."""
    return [
        *(f"not on the roster: {line}" for line in found.unknown),
        *(f"not read: {line}" for line in found.unread),
        *found.notices,
    ]


class PlacedCollector(FileNameCollectorPlugin):
    """Tells nbgrader whose notebook it is, of those that `CheckedExtractor` wrote."""

    def collect(self, submitted_file: str) -> dict[str, Any] | None:
        path = Path(submitted_file)
        if path.suffix != ".ipynb" or path.parent.name.startswith("."):
            return None
        found = {"student_id": path.parent.name, "file_id": path.stem}
        timestamp = path.with_name(TIMESTAMP)
        if timestamp.is_file():
            found["timestamp"] = timestamp.read_text(encoding="utf-8").strip()
        return found
