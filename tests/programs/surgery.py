"""What may become of a notebook on its way: things done to it at random."""

import json

ODD_TEXT = (
    "\u00a0", "\u2028", "\x00", "\x0c", "\ufeff", "é\u0301", "\U0001f600", "ﬁ", "\r", "\t", "{",
    "]", '"', "\\", "%%time\n", "!ls\n", "?", "def ", "class ", "@", "lambda: ", "f'{", "'''", "#",
    "import os\n", "raise SystemExit\n", "return 0\n", "pass\n", "del tf\n", "0/0\n", "async ",
    "yield 1\n", "\\N{BULLET}", "1" * 5000, "(" * 300, "x = " + "-" * 3000 + "1\n",
)  # fmt: skip
ODD_VALUES = (
    None, True, -1, 0, 10**30, -(10**30), 1e308, 0.5, "", "code", [], {}, [[]], [None], {"": None},
    [3, "a"], float("nan"), float("inf"), "\u2028", "x" * 10_000, [[[[[[[[]]]]]]]],
    {"a": {"b": {"c": [1, {"d": 2}]}}},
)  # fmt: skip


def source_of(cell):
    source = cell.get("source", "")
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def delete(chance, content, cells):
    cells.pop(chance.randrange(len(cells)))


def double(chance, content, cells):
    cells.insert(chance.randrange(len(cells)), json.loads(json.dumps(chance.choice(cells))))


def reorder(chance, content, cells):
    chance.shuffle(cells)


def swap(chance, content, cells):
    first, second = chance.randrange(len(cells)), chance.randrange(len(cells))
    cells[first], cells[second] = cells[second], cells[first]


def change_type(chance, content, cells):
    chance.choice(cells)["cell_type"] = chance.choice(
        ["code", "markdown", "raw", "heading", None, 3, ["code"]]
    )


def damage_metadata(chance, content, cells):
    metadata = chance.choice(cells).setdefault("metadata", {})
    inner = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    place = inner if isinstance(inner, dict) and chance.random() < 0.7 else metadata
    if isinstance(place, dict):
        names = [*place, "nbgrader", "tags", "grade_id", "locked", "solution"]
        place[chance.choice(names)] = chance.choice(
            [*ODD_VALUES, "kl_to_standard_normal-answer", ["experiment"]]
        )


def lose_metadata(chance, content, cells):
    chance.choice([content, chance.choice(cells)])["metadata"] = chance.choice([{}, *ODD_VALUES])


def put_text(chance, content, cells):
    cell = chance.choice(cells)
    source = source_of(cell)
    at = chance.randrange(len(source) + 1)
    cell["source"] = source[:at] + chance.choice(ODD_TEXT) + source[at:]


def cut_source(chance, content, cells):
    cell = chance.choice(cells)
    source = source_of(cell)
    start, end = sorted(chance.randrange(len(source) + 1) for _ in range(2))
    cell["source"] = chance.choice(
        [source[:start], source[end:], source[:start] + source[end:], source.splitlines(True)]
    )


def put_value(chance, content, cells):
    chance.choice(cells)[
        chance.choice(["source", "outputs", "attachments", "id", "execution_count", "metadata"])
    ] = chance.choice(ODD_VALUES)


def change_format(chance, content, cells):
    content[chance.choice(["nbformat", "nbformat_minor", "metadata", "worksheets", "x"])] = (
        chance.choice(ODD_VALUES)
    )


def put_cell(chance, content, cells):
    source = "".join(chance.choice(ODD_TEXT) for _ in range(chance.randrange(1, 6)))
    cells.insert(
        chance.randrange(len(cells) + 1),
        {
            "cell_type": "code",
            "source": source,
            "metadata": {"tags": chance.choice([[], ["experiment"]])},
            "outputs": [],
        },
    )


SURGERY = (
    delete, double, reorder, swap, change_type, damage_metadata, damage_metadata, lose_metadata,
    put_text, put_text, cut_source, put_value, change_format, put_cell, put_cell,
)  # fmt: skip


def operated(text, chance):
    """Returns the text of a notebook to which one to six things were done, and now and then to the
    text itself.
    """
    content = json.loads(text)
    for _ in range(chance.randrange(1, 7)):
        if content["cells"]:
            chance.choice(SURGERY)(chance, content, content["cells"])
    text = json.dumps(content, ensure_ascii=chance.random() < 0.5)
    if chance.random() < 0.05:
        at = chance.randrange(len(text))
        text = chance.choice(
            [text[:at], text[:at] + chance.choice(ODD_TEXT) + text[at:], text + text[at:]]
        )
    return text
