"""Naming what a model's method returned for the terms of its loss: the fewest known mistakes that give all of the values."""

from itertools import product

from .samples import SAMPLERS, is_close

__all__ = ["name_terms", "names_in_terms", "wrong_terms"]

# So many mistakes in one term are named together.
MAX_MISTAKES = 3


def names_in_terms(spec):
    """Returns the names of all mistakes that `name_terms` may find."""
    tables = [table for term in spec.terms.terms for table in term.wrong(spec)]
    swapped = [spec.terms.swapped] if spec.terms.swapped else []
    return [*SAMPLERS, *swapped, *(without_remark(name) for table in tables for name in table)]


def without_remark(name):
    """Returns the name of a mistake that stands in a table in several spellings: "half_missing in all" is "half_missing"."""
    return name.split()[0]


def wrong_terms(spec, batches, way="right"):
    """Returns the indices of the terms that are not what the model's parts give, sampled in this way."""
    return [
        index
        for index, term in enumerate(spec.terms.terms)
        if not all(is_right(batch.got[index], term, batch.sample(way)) for batch in batches)
    ]


def is_right(got, term, sample):
    right = term.right(sample)
    if term.tolerance:
        # What rounding may have added is taken off again.
        slack = term.tolerance(sample)
        got = got - (got - right).clip(-slack, slack)
    return is_close(got, right)


def name_terms(spec, batches, wrong):
    """Returns the names of the mistakes that give the terms at the indices `wrong`; of some, where not all have a name."""
    if spec.terms.swapped and is_another_order(spec, batches, wrong):
        return [spec.terms.swapped]
    # A wrong sample breaks no term that is right.
    left = {way: wrong if way == "right" else wrong_terms(spec, batches, way) for way in SAMPLERS}
    ways = [way for way in SAMPLERS if set(left[way]) <= set(wrong)]

    def names_with(way, indices, most):
        return [name_term(spec, batches, index, way, most - (way != "right")) for index in indices]

    numbers = range(1, MAX_MISTAKES + 1)
    for most, way in product(numbers, ways):
        names = names_with(way, left[way], most)
        if all(names):
            return unique([way, *names])
    # Each by itself, then.
    found = []
    for index in wrong:
        for most, way in product(numbers, ways):
            name = names_with(way, [index] if index in left[way] else [], most)
            if all(name):
                found += [way, *name]
                break
    return unique(found)


def unique(names):
    """Returns single names out of names that are joined by " and ", each once."""
    single = [name for joined in names for name in joined.split(" and ")]
    return list(dict.fromkeys(name for name in single if name not in ("", "right")))


def is_another_order(spec, batches, wrong):
    """Tells whether the wrong terms are one another."""
    terms = spec.terms.terms
    others = [
        [
            other
            for other in wrong
            if all(is_close(batch.got[index], terms[other].right(batch.sample())) for batch in batches)
        ]
        for index in wrong
    ]
    return all(others) and sorted(found[0] for found in others) == list(wrong)


def name_term(spec, batches, index, way, most):
    """Returns the names of the fewest mistakes, `most` at most, that give the values of one term; empty if none do."""
    first, *steps = spec.terms.terms[index].wrong(spec)
    samples, begun = [batch.sample(way) for batch in batches], {}
    for keys in simplest_first((first, *steps), most):
        if keys[0] not in begun:
            begun[keys[0]] = [first[keys[0]](None, sample) for sample in samples]
        values = begun[keys[0]]
        for table, key in zip(steps, keys[1:], strict=True):
            values = [table[key](value, sample) for value, sample in zip(values, samples, strict=True)]
        if all(is_close(batch.got[index], value) for batch, value in zip(batches, values, strict=True)):
            return " and ".join(without_remark(key) for key in keys if key != "right")
    return ""


def simplest_first(tables, most):
    """Returns the ways to choose a key of each table, those with few mistakes first, with `most` at most."""

    def count(keys):
        return sum(key != "right" for key in keys)

    return sorted((keys for keys in product(*tables) if 0 < count(keys) <= most), key=count)
