"""Places in the lecture documents, as students read them, are sections with titles, never lines."""

import re

import pytest
import released
from lecture import NUMBERED, TITLED

from autograder import tasks
from autograder.tasks.question import STRICT

LINES = re.compile(r"\blines? \d+")
# Listing 1 has line numbers of its own, and this notebook shows them.
LISTED = "a06_flows"
LISTING = re.compile(r"([Ll]isting's|Listing 1)[^.]{0,60}$")
SECTION = re.compile(r"(?<![\d.-])(00[023]), sections? (\d(?:[-.]\d)?)(?![\d.-]*\d)")
QUOTED_SECTION = re.compile(r'00[023], section (\d(?:[-.]\d)?) "([^"]+)"')
QUOTED_TITLE = re.compile(r'(00[14]),(?: slides?)? "([^"]+)"')


def flat(text):
    """Returns a text with single spaces: lines wrap anywhere, in comments and docstrings too."""
    return re.sub(r"\s+", " ", text)


@pytest.fixture(scope="module")
def read():
    """What each assignment releases: a dict from name to (text of the notebook, public cases)."""
    return {
        name: ("\n".join(flat(cell.source) for cell in cells), public)
        for name, (cells, public) in released.read().items()
    }


def line_numbers(text, of_listing=False):
    """Yields the line numbers in a text that are not those of Listing 1, with what is before.

    `of_listing` tells whether those may stand there.
    """
    for found in LINES.finditer(text):
        before = text[max(0, found.start() - 80) : found.start()]
        if not (of_listing and LISTING.search(before)):
            yield before + found.group()


def misquoted(text):
    """Yields places of a text whose quoted title is not the beginning of the document's own."""
    for found in QUOTED_SECTION.finditer(text):
        document = found.group()[:3]
        right = NUMBERED[document].get(found.group(1), "")
        if not right.startswith(found.group(2)):
            yield found.group()
    for found in QUOTED_TITLE.finditer(text):
        title = found.group(2).rstrip(",.:")
        if not any(right.startswith(title) for right in TITLED[found.group(1)]):
            yield found.group()


@pytest.mark.parametrize("name", tasks.names())
def test_students_read_no_line_numbers_of_the_documents(read, name):
    text, public = read[name]
    everything = "\n".join([text, *released.strings(public)])
    assert "000" in everything
    # One question shows the listing with its numbers.
    assert list(line_numbers(everything, of_listing=name == LISTED)) == []


@pytest.mark.parametrize("name", tasks.names())
def test_a_sections_title_is_the_documents_own(read, name):
    text, public = read[name]
    everything = [text, *released.strings(public)]
    assert sum(len(QUOTED_SECTION.findall(each)) for each in everything) > 3
    assert [place for each in everything for place in misquoted(each)] == []


@pytest.mark.parametrize("name", tasks.names())
def test_a_notebook_gives_each_sections_title_once(read, name):
    text, _ = read[name]
    titled = {(found.group()[:3], found.group(1)) for found in QUOTED_SECTION.finditer(text)}
    cited = {found.groups() for found in SECTION.finditer(text) if found.group(1) != "003"}
    assert cited - titled == set(), "give the title where the section is first named"


@pytest.mark.parametrize("name", tasks.names())
def test_every_source_gives_the_sections_title(read, name):
    _, public = read[name]
    sources = set()
    for question in public["questions"]:
        parts = [question, *question["mistakes"], *question.get("properties", [])]
        sources |= {
            each["source"] for each in [*parts, *question.get("mistakes_of_properties", [])]
        }
    assert len(sources) > 3
    bare = [
        source
        for source in sources
        if len(QUOTED_SECTION.findall(source))
        < len([1 for found in SECTION.finditer(source) if found.group(1) != "003"])
        or len(QUOTED_TITLE.findall(source)) < len(re.findall(r"document 00[14]", source))
    ]
    assert bare == []
    assert STRICT.cites_lecture


@pytest.mark.parametrize(
    "text",
    [
        'document 000, section 4 "Closed form", step 7, line 79',
        "000, lines 31 to 33",
        "Document 001, line 63",
        "document 000, Listing 1, line 25",
    ],
)
def test_a_line_number_is_seen(text):
    assert list(line_numbers(text)) != []
    assert list(line_numbers("document 000, Listing 1, line 25", of_listing=True)) == []


@pytest.mark.parametrize(
    "text",
    [
        'document 000, section 4 "ELBO for VAE", step 7',
        'document 002, section 5-9 "Reparameterization"',
        'document 001, "Gradients of the ELBO"',
        'document 004, slide "Gaussian VAE and more"',
    ],
)
def test_a_wrong_title_is_seen(text):
    assert list(misquoted(text)) != []
    assert (
        list(
            misquoted('000, section 4 "Closed form ELBO"; 001, "Bayes"; 004, slide "Gaussian VAEs"')
        )
        == []
    )
