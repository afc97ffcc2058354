"""Whose the files of a download are: nobody takes another's place by what they are called."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from autograder.names import file_stem, printable

from .layouts import DownloadedFile, Person
from .recognizing import named_assignment
from .roster import Roster

__all__ = ["Owners"]


class Owners:
    """Says whose the files of one download are.

    A name counts for less than a number or an address: people may choose it.

    Args:
        files: All files of the download.
        roster: The course's roster; without students everybody is called as in the download.
        student: The id of the student whose all of it is; "" if that is to be found out.
    """

    def __init__(self, files: Iterable[DownloadedFile], roster: Roster, student: str = "") -> None:
        self.roster, self.student = roster, student
        # From students to the people of the download who have their number, address or name alone.
        self.sure: dict[str, set[Person]] = defaultdict(set)
        self.named: dict[str, set[Person]] = defaultdict(set)
        people = {
            person
            for one in files
            for person in one.people
            if one.system != "folders" and roster and not student
        }
        self.has_numbers = any(roster.find_number(person.number) for person in people)
        for person in people:
            found = self.find_surely(person)
            if found:
                self.sure[found].add(person)
            else:
                self.named[self.find_named(person) or ""].add(person)

    def of(self, one: DownloadedFile) -> list[str]:
        """Returns the ids of all who handed a file in, and are on the roster."""
        found = (self.find(person, one) for person in one.people)
        return list(dict.fromkeys(filter(None, found)))

    def find(self, person: Person, one: DownloadedFile) -> str | None:
        """Returns the id of somebody who handed a file in; None for nobody on the roster."""
        if self.student:
            return self.student
        if not self.roster:
            return name_in_download(person, one)
        if one.system == "folders":
            return self.roster.find(person.names)
        found = self.find_surely(person) or self.find_named(person)
        return None if found is None or self.why_not(person, found) else found

    def find_surely(self, person: Person) -> str | None:
        return (
            self.roster.find_number(person.number)
            or (self.roster.find_id(person.id) if person.id else None)
            or (self.roster.find_address(person.address) if person.address else None)
        )

    def find_named(self, person: Person) -> str | None:
        found = self.roster.find_name(person.names)
        for group, member in person.members:
            if not found and self.roster.is_group(group):
                found = self.roster.find_name([member])
        return found

    def why_not(self, person: Person, student: str) -> str:
        """Returns why somebody with a student's name is not taken for the student, or ""."""
        if person in self.sure[student]:
            return ""
        if self.sure[student]:
            other = next(iter(self.sure[student])).shown
            return f"called as {student}, who is {other} in this download"
        if self.has_numbers and person.number and self.roster.has_number(student):
            return f"called as {student}, who has another number on the roster"
        if len(self.named[student]) > 1:
            return f"called as {student}, and so is another in this download"
        return ""

    def describe_unknown(self, one: DownloadedFile) -> str:
        """Returns whose file nobody on the roster can have handed in, and why."""
        who = " or ".join(printable(person.shown) for person in one.people) or "nobody"
        why = next(filter(None, self.reasons(one)), "")
        return f"{one.entry.shown} ({one.system}: {who}{': ' if why else ''}{why})"

    def reasons(self, one: DownloadedFile) -> Iterator[str]:
        """Yields why those who handed a file in are nobody on the roster, or ""."""
        for person in one.people:
            if one.system != "folders":
                found = self.find_surely(person) or self.find_named(person)
                yield self.why_not(person, found) if found else ""
            for name in person.names:
                why = self.roster.why_nobody(name)
                yield why if "both" in why else ""


def name_in_download(person: Person, one: DownloadedFile) -> str | None:
    """Returns what a system calls somebody, as a folder's name; None where it says no name."""
    names = [person.number, person.address, *person.names]
    if one.system == "Canvas":
        # Canvas's numbers are sure, its names are for reading.
        names = [f"{person.names[0]}_{person.number}"]
    elif one.is_loose:
        names = []
    clean = (
        re.sub(r"[/\\\0]", "_", name).strip().lstrip(".")
        for name in names
        if not named_assignment(name)
    )
    name = next(filter(None, clean), None)
    return file_stem(name) if name else None
