"""Whatever a student's process replies: no property and no case is lost to an error of the kit, and
nothing is gained.
"""

import importlib
import runpy
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import pytest
import soak
import stand_in
from vikit import judging
from vikit.exams import Exam, PropertyFailed, examine, examine_property
from vikit.exams.student_object import build
from vikit.protocol import client, public_cases, student_side, wire

from autograder import tasks
from autograder.build import notebooks
from autograder.grading.judge import Judge
from autograder.reference import callables
from autograder.tasks.drawing import evaluate

NAMES = tasks.names()
EXAMINED = [
    (name, question)
    for name in NAMES
    for question in tasks.load(name).questions
    if question.properties
]
SECRET, SEED = b"secret of the tests", 7
# Tables of wrong models, and how they are read.
MODELS = runpy.run_path(str(Path(__file__).parent / "test_wrong_models.py"))

# Replies that nobody's process would send.

SHAPES = [
    (),
    (0,),
    (1,),
    (3,),
    (5,),
    (9, 4),
    (5, 3),
    (0, 4),
    (1, 1, 1),
    (4, 0),
    (64,),
    (2, 3, 4, 5),
    (1,) * 8,
]
FILLS = (
    lambda generator, size: generator.normal(size=size),
    lambda generator, size: np.zeros(size),
    lambda generator, size: np.ones(size),
    lambda generator, size: np.full(size, np.nan),
    lambda generator, size: np.full(size, np.inf),
    lambda generator, size: np.full(size, -1e38),
    lambda generator, size: np.full(size, 1.7e308),
    lambda generator, size: generator.integers(-9, 9, size),
)
STATUSES = ("error", "missing", "unanswered", "malformed", "correct", None, 3)
# What is no array at all.
NONSENSE = (
    None,
    {},
    [],
    "text",
    3.5,
    {"dtype": "object", "shape": [], "data": ""},
    {"dtype": "float32", "shape": [2]},
    {"data": [[[]]]},
)


def pick(generator, options):
    return options[generator.integers(len(options))]


def any_array(generator, shape=None):
    """Returns a packed array of any allowed type: of this shape, or of any."""
    shape = pick(generator, SHAPES) if shape is None else shape
    with np.errstate(all="ignore"):
        values = np.asarray(pick(generator, FILLS)(generator, shape)).astype(
            pick(generator, wire.DTYPES)
        )
    return wire.pack_array(values)


def any_reply(generator, request):
    """Returns JSON data that may or may not be a reply to `request`."""
    dice = generator.random()
    if dice < 0.1:
        return {
            "status": pick(generator, STATUSES),
            "kind": "TypeError",
            "text": "raised",
            "line": 3,
        }
    if dice < 0.15:
        return pick(generator, NONSENSE)
    if dice < 0.2:
        return {
            "status": "ok",
            "handle": pick(
                generator, ("trainer", "split", "@1", "@2", "@0", "@", 7, "", "@1.encoder")
            ),
        }
    if dice < 0.25:
        return {
            "status": "ok",
            "mapping": {name: any_array(generator) for name in ("loss", "kl", "cross_entropy")},
        }
    verb, outputs = request["verb"], request.get("outputs")
    if outputs == "handle" and dice < 0.9:
        return {"status": "ok", "handle": f"@{generator.integers(1, 10**6)}"}
    if (verb == "fit" or outputs == "mapping") and dice < 0.9:
        length = pick(generator, (0, 1, 2, 10, 16, 24, 48))
        names = ("loss", "kl", "cross_entropy", "reconstruction")[: generator.integers(1, 5)]
        return {
            "status": "ok",
            "mapping": {name: any_array(generator, (length,)) for name in names},
        }
    # Most are of the shape of an argument, or of its batch.
    shapes = [
        part["shape"]
        for one in request["arguments"]
        for part in one.values()
        if isinstance(part, dict)
    ]
    shapes = [tuple(shape) for shape in shapes for shape in (shape, shape[:1])] or SHAPES
    number = outputs if isinstance(outputs, int) and dice < 0.9 else generator.integers(0, 4)
    odd = [wire.pack_array(np.float32(0)), None] if dice < 0.3 else []
    return {
        "status": "ok",
        "values": [any_array(generator, pick(generator, shapes)) for _ in range(number)] + odd,
    }


class Forger:
    """Stands in for a student's process: every reply is drawn at random."""

    def __init__(self, generator):
        self.generator, self.count = generator, 0

    def ask(self, requests, seconds):
        self.count += len(requests)
        return [self.reply(request) for request in requests]

    def reply(self, request):
        if self.generator.random() < 0.01:
            return wire.Reply(pick(self.generator, ("timeout", "crashed")))
        return client.read_reply(any_reply(self.generator, request), request)


class Recorder:
    """Asks code in this process, and keeps what it said: a list of (request, reply), both
    packed.
    """

    def __init__(self, names):
        self.space, self.said = student_side.Namespace(names), []

    def ask(self, requests, seconds):
        replies = [student_side.answer_request(self.space, request) for request in requests]
        self.said += zip(requests, replies, strict=True)
        return [
            client.read_reply(reply, request)
            for reply, request in zip(replies, requests, strict=True)
        ]


class Replay:
    """Says what a `Recorder` heard, but for what `forge` changes.

    Args:
        said: What was recorded.
        forge: From (number of the request, request, the packed reply that was recorded) to a packed
            reply.
    """

    def __init__(self, said, forge):
        self.said, self.forge, self.count = said, forge, 0
        self.known = {(request["verb"], request["path"]): reply for request, reply in said}

    def ask(self, requests, seconds):
        return [client.read_reply(self.reply(request), request) for request in requests]

    def reply(self, request):
        number, self.count = self.count, self.count + 1
        asked = request["verb"], request["path"]
        if number < len(self.said) and asked == (
            self.said[number][0]["verb"],
            self.said[number][0]["path"],
        ):
            return self.forge(number, request, self.said[number][1])
        # After a forged reply other things are asked than before.
        return self.forge(number, request, self.known.get(asked, {"status": "missing"}))


# In how many ways a reply is made odd.
WAYS = 8


def odd(generator, request, reply, way=None):
    """Returns a reply like `reply`, with one thing about it changed: that of a given number, or
    any.
    """
    dice = generator.integers(WAYS) if way is None else way
    values = reply.get("values")
    if dice == 0 or reply.get("status") != "ok":
        return any_reply(generator, request)
    if "mapping" in reply:
        names = list(reply["mapping"])
        chosen = pick(generator, names) if names else "loss"
        changed = (
            any_array(generator)
            if dice < 5
            else any_array(generator, tuple(reply["mapping"][chosen]["shape"]))
        )
        return reply | {"mapping": reply["mapping"] | {chosen: changed}}
    if not values:
        return any_reply(generator, request)
    index = generator.integers(len(values))
    shape = tuple((values[index] or {"shape": [3]})["shape"])
    others = {
        1: [],
        2: values[:-1],
        3: [*values, any_array(generator, shape)],
        4: [*values[:index], any_array(generator), *values[index + 1 :]],
        5: [*values[:index], None, *values[index + 1 :]],
        6: [*values[:index], any_array(generator, shape), *values[index + 1 :]],
        7: [*values[:index], any_array(generator, shape[:-1]), *values[index + 1 :]],
    }
    return {"status": "ok", "values": others[dice]}


def exam_of(run, question):
    return Exam(client.Student(run, None), question.oracle, np.random.default_rng(SEED))


def examined(run, question):
    return examine(question, exam_of(run, question))


def is_quick(item):
    """Tells whether a property is examined without training; of the flows one kind stands for
    all.
    """
    return item.name not in MODELS["TRAINED"] and not item.name.endswith(
        ("_radial", "_coupling", "_iaf")
    )


QUICK = [
    (name, replace(question, properties=tuple(filter(is_quick, question.properties))))
    for name, question in EXAMINED
]


@pytest.fixture(scope="module")
def said():
    """What the solutions reply in the examination of each question, but for what takes long: see
    `recorded`.
    """
    return recorded(QUICK)


@pytest.fixture(scope="module")
def all_said():
    """What the solutions reply in the examination of each question: see `recorded`."""
    return recorded(EXAMINED)


def recorded(questions):
    """Returns what the solutions reply: a list of (request, reply) by the name of the question."""
    found = {}
    for name, question in questions:
        keras.utils.set_random_seed(0)
        recorder = Recorder(vars(importlib.import_module(f"solutions.{name}")))
        statuses = {finding.status for finding in examined(recorder, question).values()}
        assert statuses == {"ok"}, statuses
        found[question.name] = recorder.said
    return found


def forged_from_the_start(number):
    """Examines every question with replies drawn at random; returns how many there were."""
    count = 0
    for name, question in EXAMINED:
        run = Forger(np.random.default_rng([number, len(name), len(question.name)]))
        found = examined(run, question)
        wrong = {
            key: finding
            for key, finding in found.items()
            if finding.status in ("ok", judging.KIT_ERROR)
        }
        assert not wrong, (number, question.name)
        assert judging.judge_properties(question, found).score == 0
        count += run.count
    return count


def forged_in_between(said, number, questions=EXAMINED):
    """Examines questions with the solution's replies, some of them changed; returns how many
    replies there were.
    """
    count = 0
    for _, question in questions:
        run = Replay(
            said[question.name], some_odd(said[question.name], [number, len(question.name)])
        )
        broken = {
            key: found
            for key, found in examined(run, question).items()
            if found.status == judging.KIT_ERROR
        }
        assert not broken, (number, question.name)
        count += run.count
    return count


# Wrong answers, one for each property: what functions compute instead.
# Those of classes stand in `wrong_models/`.
WRONG_FUNCTIONS = {
    "planar_log_det": lambda right: lambda *inputs: -np.asarray(right(*inputs)),
    "radial_log_det": lambda right: lambda *inputs: -np.asarray(right(*inputs)),
    "coupling_log_det": lambda right: lambda *inputs: -np.asarray(right(*inputs)),
    "coupling_inverse": lambda right: lambda *inputs: 2 * np.asarray(right(*inputs)),
    "iaf_step": lambda right: lambda *inputs: (right(*inputs)[0], -np.asarray(right(*inputs)[1])),
    "leapfrog_step": lambda right: (
        lambda *inputs: tuple(2 * np.asarray(one) for one in right(*inputs))
    ),
}
# What is told by what the process says of itself, and by nothing else:
# whoever forges that hides it.
OWN_WORD = ("hidden_parameters",)


class Loser(NamedTuple):
    """A wrong answer, and the property that it loses."""

    question: object
    item: object
    said: list


def losers(slow):
    """Returns a `Loser` for each property of each question: those whose wrong models are trained if
    `slow`, else the others.
    """
    found = []
    for name, question in EXAMINED:
        for item in question.properties:
            if (item.name in MODELS["TRAINED"]) == slow:
                recorder = Recorder(wrong_names(name, question.name, item.name))
                assert lost(recorder, question, item), (question.name, item.name)
                found.append(Loser(question, item, recorder.said))
    return found


def wrong_names(assignment, question, broken):
    """Returns what a notebook defines whose answer to `question` loses the property `broken`."""
    right = vars(importlib.import_module(f"solutions.{assignment}"))
    if question in WRONG_FUNCTIONS:
        return right | {question: WRONG_FUNCTIONS[question](right[question])}
    edits = [
        edit for edit in MODELS["EDITS"] if edit[:1] + edit[4:6] == (assignment, question, broken)
    ]
    edit = next(edit for edit in edits if edit.mistake not in OWN_WORD)
    return MODELS["names_of"](MODELS["SOLUTIONS"][assignment].replace(edit.old, edit.new))


def lost(run, question, item):
    """Tells whether an answer loses a property, which is examined alone, and for no error of the
    kit.
    """
    exam = exam_of(run, question)
    exam.student.seed(0)
    return examine_property(item, exam).status not in ("ok", judging.KIT_ERROR)


def forged_of_losers(found, replies, start=0):
    """Examines each wrong answer with some of its replies changed, until there were so many. None
    may win.
    """
    for loser in found:
        count, number = 0, start
        while count < replies:
            run = Replay(
                loser.said,
                some_odd(loser.said, [number, len(loser.question.name), len(loser.item.name)]),
            )
            assert lost(run, loser.question, loser.item), (
                number,
                loser.question.name,
                loser.item.name,
            )
            count, number = count + run.count, number + 1


def some_odd(known, seed):
    """Returns what a `Replay` forges: one reply of those that are known, or a share of them from
    there on.
    """
    generator = np.random.default_rng(seed)
    first, only, often = (
        generator.integers(len(known)),
        generator.random() < 0.5,
        generator.choice([0.02, 0.2, 1]),
    )

    def forge(at, request, reply):
        chosen = at == first if only else at >= first and generator.random() < often
        return odd(generator, request, reply) if chosen else reply

    return forge


def test_random_replies_cost_no_more_than_they_are_about_and_gain_nothing():
    assert sum(forged_from_the_start(number) for number in range(10)) > 300


def test_replies_with_one_thing_wrong_are_findings_and_no_errors(said):
    assert sum(forged_in_between(said, number, QUICK) for number in range(1)) > 60


# Keras warns of layers that are made and never called.
@pytest.mark.soak
@pytest.mark.filterwarnings("ignore")
def test_no_odd_reply_wins_a_wrong_answer_the_property_that_it_lost():
    found = losers(slow=False)
    assert len(found) > 25
    forged_of_losers(found, replies=150)


@pytest.mark.soak
@pytest.mark.filterwarnings("ignore")
def test_no_odd_reply_wins_a_wrong_model_that_is_trained_the_property_that_it_lost():
    quick, slow = losers(slow=False), losers(slow=True)
    assert {(loser.question.name, loser.item.name) for loser in quick + slow} == {
        (question.name, item.name) for _, question in EXAMINED for item in question.properties
    }
    forged_of_losers(slow, replies=3000)
    forged_of_losers(quick, replies=6000, start=10_000)


# Of so few replies each is forged in every way.
FEW = 100


@pytest.mark.parametrize("step", [2, soak.later(1)], ids=["half of the ways", "all ways"])
def test_each_reply_of_a_short_examination_may_be_odd_in_every_way(said, step):
    short = [question for _, question in QUICK if len(said[question.name]) < FEW]
    assert len(short) >= 7
    for question in short:
        for at in range(len(said[question.name])):
            for way in range(at % step, WAYS, step):
                generator = np.random.default_rng([at, way])

                def forge(number, request, reply, at=at, way=way, generator=generator):
                    return odd(generator, request, reply, way) if number == at else reply

                for name, finding in examined(Replay(said[question.name], forge), question).items():
                    assert finding.status != judging.KIT_ERROR, (
                        question.name,
                        name,
                        at,
                        way,
                        finding.detail,
                    )


@pytest.mark.soak
def test_10000_random_replies(all_said, capsys):
    counts = Counter()
    while counts["random"] < 10_000:
        counts["random"] += forged_from_the_start(1000 + counts["rounds"])
        counts["rounds"] += 1
    while counts["changed"] < 100_000:
        counts["changed"] += forged_in_between(all_said, 1000 + counts["turns"])
        counts["turns"] += 1
    with capsys.disabled():
        print(f"\n{dict(counts)}: no error of the kit, no point gained")


# Replies that say nothing, or nothing that is true, in the place of every reply of a verb.
def filled(reply, number):
    """Returns a reply with this number in the place of all of its numbers."""
    if "mapping" in reply:
        named = reply["mapping"].items()
        return {
            "status": "ok",
            "mapping": {
                name: wire.pack_array(np.full(one["shape"], number)) for name, one in named
            },
        }
    return {
        "status": "ok",
        "values": [
            one and wire.pack_array(np.full(one["shape"], number)) for one in reply["values"]
        ],
    }


FORGED = {
    "empty": lambda reply: (
        {"status": "ok", "mapping": {}} if "mapping" in reply else {"status": "ok", "values": []}
    ),
    "twice": lambda reply: {"status": "ok", "values": 2 * reply.get("values", [])},
    "another kind": lambda reply: {"status": "ok", "handle": "@9999"},
    "NaN": lambda reply: filled(reply, np.nan),
    "negative": lambda reply: filled(reply, -1.0),
    "huge": lambda reply: filled(reply, 1e30),
}
# Whose word it is that each verb brings back: the properties that have no leg
# to stand on without it.
RESTS_ON = {
    "vjp": {"gradient", "free_energy_terms"},
    "untracked": {
        "every_weight_counts",
        "every_weight_learns",
        "weights_planar",
        "weights_coupling",
    },
    "fit": {
        "fresh_noise",
        "loss_per_example",
        "training_passes_the_floor",
        "training",
        "accuracy_passes_the_floor",
    },
    "weights": {
        "deterministic",
        "linear_outputs",
        "every_weight_counts",
        "every_weight_learns",
        "weights_planar",
    },
}


@pytest.mark.parametrize("verb", [verb for verb in RESTS_ON if verb != "fit"])
def test_forged_replies_of_a_verb_earn_nothing(said, verb):
    assert_forged_replies_earn_nothing(said, verb, QUICK)


@pytest.mark.soak
@pytest.mark.parametrize("verb", RESTS_ON)
def test_forged_replies_of_a_verb_earn_nothing_where_models_are_trained(all_said, verb):
    assert_forged_replies_earn_nothing(all_said, verb, EXAMINED)


def assert_forged_replies_earn_nothing(said, verb, questions):
    seen = Counter()
    for kind, forge in FORGED.items():
        # Made-up weights that are finite are told by the values of another model alone: see
        # `flow_weights.check_flow_weights`.
        if (verb == "weights" and kind in ("twice", "negative", "huge")) or (
            verb == "fit" and kind == "huge"
        ):
            continue
        for _, question in questions:
            known = said[question.name]
            run = Replay(
                known,
                lambda at, request, reply, forge=forge: (
                    forge(reply) if request["verb"] == verb and reply["status"] == "ok" else reply
                ),
            )
            exam = exam_of(run, question)
            exam.student.seed(0)
            for item in question.properties:
                finding = examine_property(item, exam)
                if item.name in RESTS_ON[verb]:
                    seen[item.name] += 1
                    assert finding.status not in ("ok", judging.KIT_ERROR), (
                        kind,
                        question.name,
                        item.name,
                    )
    assert set(seen) == RESTS_ON[verb] & {
        item.name for _, question in questions for item in question.properties
    }
    assert len(seen) >= 2


@pytest.mark.parametrize(
    "key",
    ["trainer", "split", "flow", "@", "@0", "@-1", "@1.encoder", "@01", "@" + "1" * 12, 7, None],
)
def test_a_handle_that_the_kit_would_not_send_is_refused(key):
    with pytest.raises(wire.Rejected):
        wire.unpack_reply({"status": "ok", "handle": key})


def test_one_object_that_comes_back_for_two_is_refused():
    class One:
        def ask(self, requests, seconds):
            return [wire.Reply("ok", handle=wire.Handle("@3")) for _ in requests]

    exam = exam_of(One(), EXAMINED[0][1])
    build(exam, "VAE")
    with pytest.raises(PropertyFailed, match="there before"):
        build(exam, "VAE")


# Functions.


def value_of(packed):
    """Returns an argument in float64, as a formula takes it."""
    match packed:
        case {"array": array} | {"tensor": array}:
            return wire.unpack_array(array).astype(np.float64)
        case {"callable": kind, "arrays": arrays}:
            return callables.build(
                kind, [wire.unpack_array(array).astype(np.float64) for array in arrays]
            )
        case {"counts": counts}:
            return tuple(counts)
    (value,) = packed.values()
    return value


class Mistaken(stand_in.Notebook, Forger):
    """Stands in for a running notebook: each function makes one of its known mistakes, or none;
    some replies are odd.

    Args:
        assignment: The `Assignment`.
        generator: Draws the mistakes.
        forger: Draws what is odd, a share of the replies; None for nothing.
        often: That share.
    """

    def __init__(self, assignment, generator, forger=None, often=0.3):
        super().__init__(forger)
        self.often = often
        self.formulas = {
            question.name: pick(
                generator, [*(wrong.formulas[0] for wrong in question.mistakes), question.reference]
            )
            for question in assignment.functions
        }

    def reply(self, request):
        formula = self.formulas.get(request["path"])
        if request["verb"] != "call" or formula is None:
            return wire.Reply("missing")
        values = evaluate(formula, [value_of(packed) for packed in request["arguments"]])
        reply = {"status": "ok", "values": [wire.pack_array(value) for value in values]}
        if self.generator is not None and self.generator.random() < self.often:
            reply = odd(self.generator, request, reply)
        return client.read_reply(reply, request)


def judged(assignment, run):
    """Returns the verdicts on the functions of an assignment, with the public cases for hidden
    ones; none may be lost.
    """
    questions = public_cases.read(notebooks.ASSIGNMENTS / assignment.name / public_cases.FILE_NAME)[
        1
    ]
    functions = tasks.Assignment(assignment.name, assignment.title, assignment.functions)
    asked = [questions[question.name] for question in functions.questions]
    with np.errstate(all="ignore"):
        judge = Judge(run, functions, [], SECRET)
        found = judge.judge_all(asked)
    assert judge.kit_errors == []
    return {verdict.name: verdict.score for verdict in found}


def functions_with_odd_replies(number):
    """Judges all functions of all assignments, with replies that are random, and with some that are
    odd; returns how many.
    """
    count = 0
    for name in NAMES:
        assignment, generator = tasks.load(name), np.random.default_rng([number, len(name)])
        plain = judged(assignment, Mistaken(assignment, np.random.default_rng(number)))
        run = Mistaken(assignment, np.random.default_rng(number), generator)
        forged = judged(assignment, run)
        assert all(forged[question] <= plain[question] + 1e-9 for question in plain), (number, name)
        count += run.count
        run = Mistaken(assignment, np.random.default_rng(number), generator)
        run.reply = lambda request, run=run: client.read_reply(
            any_reply(run.generator, request), request
        )
        assert set(judged(assignment, run).values()) == {0}, (number, name)
        count += run.count
    return count


def test_odd_values_of_functions_cost_their_question_and_gain_nothing():
    assert functions_with_odd_replies(0) + functions_with_odd_replies(1) > 300


@pytest.mark.soak
def test_10000_odd_values_of_functions(capsys):
    count, number = 0, 10
    while count < 10_000:
        count, number = count + functions_with_odd_replies(number), number + 1
    with capsys.disabled():
        print(f"\n{count} replies of functions: no error of the kit, no point gained")
