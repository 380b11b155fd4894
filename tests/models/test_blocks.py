"""Golden models of blocks, beside their definitions written a second time, beat by beat, in plain Python."""

import numpy as np
import pytest

from sc_hw_models.blocks import BLOCKS, get_block
from sc_hw_models.blocks.block import Beats, Marks, opaque


def beats(*rows, fields):
    """Return beats from rows of values."""
    return Beats(count=len(rows), columns={name: np.array([row[k] for row in rows]) for k, name in enumerate(fields)})


def rows_of(stream, fields):
    """Return the rows of beats; a value that means nothing is ``None``."""
    columns = [np.ma.asarray(stream.columns[name]).tolist() for name in fields]
    return [tuple(row) for row in zip(*columns, strict=True)] if columns else [()] * stream.count


def drawn(generator, count, *highs):
    return [tuple(int(generator.integers(high)) for high in highs) for _ in range(count)]


@pytest.mark.parametrize(("words", "rounds"), [(1, 1), (1, 4), (5, 1), (4, 3)])
@pytest.mark.parametrize("skips", [False, True])
def test_a_fanout_gives_every_word_for_every_beat(words, rounds, skips):
    generator = np.random.default_rng(words * 10 + rounds)
    model = get_block("fanout")(words=words, rounds=rounds, stored_bits=40, played_bits=7, skips=skips)
    for _ in range(20):
        stored, played = drawn(generator, words, 1 << 32, 1 << 8), drawn(generator, rounds, 1 << 7, 2)
        expected = []
        for value, skip in played:
            if skips and skip:
                expected.append((None, None, value, 1))
            else:
                expected += [(*word, value, 0) for word in stored]
        given = {
            "stored": beats(*stored, fields=["stored_0", "stored_1"]),
            "played": beats(*played, fields=["played_0", "skip"]),
        }
        fields = ["stored_0", "stored_1", "played_0", *(["skip"] if skips else [])]
        assert rows_of(model.play(given)["beat"], fields) == [row[: len(fields)] for row in expected]


def test_a_fanout_that_is_held_stores_a_timestep():
    given = [{"stored": Beats(count=3), "played": beats((0,), (1,), fields=["skip"])}] * 2
    model = get_block("fanout")(words=3, rounds=2, stored_bits=1, played_bits=1, skips=True)
    assert model.held(given).moved == {"stored": 3, "played": 0}
    skipped = [{**given[0], "played": beats((1,), (0,), fields=["skip"])}]
    assert model.held(skipped).moved == {"stored": 3, "played": 1}
    one = get_block("fanout")(words=1, rounds=1, stored_bits=1, played_bits=1)
    step = {"stored": Beats(count=1), "played": Beats(count=1)}
    assert [one.held([step] * steps).moved["stored"] for steps in (1, 2)] == [1, 2]


@pytest.mark.parametrize("bound", [0, 3, 8])
def test_a_row_is_skipped_when_nothing_reaches_it_and_it_rested(bound):
    """The four conditions of docs/crossbar.md, row by row."""
    rows, words, lanes = 4, 3, 2
    model = get_block("rows")(
        rows=rows, words=words, lanes=lanes, given=[["spike", 1, False], ["trace", 8, True]], inputs=1, bounds={"trace": bound}
    )
    generator, rest, known, skipped_rows = np.random.default_rng(bound), [0] * rows, False, 0
    for step in range(400):
        silent, events = int(generator.random() < 0.6), [(int(generator.random() < 0.15),) for _ in range(words)]
        pre = [(int(generator.random() < 0.2), int(generator.choice([0, -8, -7, 7, 8, -128, 127]))) for _ in range(rows)]
        changes = int(generator.random() < 0.1)
        if step % 50 == 49:
            model.reset()
            known = False
        results, expected = [], []
        for row, (spike, trace) in enumerate(pre):
            met = any(event for (event,) in events) and abs(trace) >= 2**bound
            skip = known and not changes and not spike and not met and bool(rest[row] & (1 if silent else 2))
            expected.append((spike, trace, int(skip)))
            if skip:
                results.append((1, 0, 0))
                continue
            given = [(0, *(int(value) for value in generator.choice([3, 3, 3, 1, 2, 0], lanes))) for _ in range(words)]
            results += given
            rest[row] = 3
            for result in given:
                for value in result[1:]:
                    rest[row] &= value
        known = True
        played = model.play(
            {
                "command": beats((silent,), fields=["silent"]),
                "change": Beats(count=changes),
                "stored": beats(*events, fields=["events"]),
                "pre": beats(*pre, fields=["spike", "trace"]),
                "result": beats(*results, fields=["skip", "rest_0", "rest_1"]),
            }
        )
        assert rows_of(played["played"], ["spike", "trace", "skip"]) == expected
        skipped_rows += sum(skip for *_, skip in expected)
    assert skipped_rows > 50


@pytest.mark.parametrize(("neurons", "lanes"), [(1, 1), (6, 2), (8, 8), (12, 4)])
def test_a_decoder_gives_the_bits_of_the_neurons_that_were_named(neurons, lanes):
    model, generator = get_block("addresses")(neurons=neurons, lanes=lanes), np.random.default_rng(neurons)
    high = 1 << max(1, (neurons - 1).bit_length())
    for _ in range(30):
        numbers = [int(number) for number in generator.integers(high, size=int(generator.integers(2 * neurons + 1)))]
        events = [*((0, number) for number in numbers), (1, int(generator.integers(high)))]
        given = model.play({"event": beats(*events, fields=["end", "neuron"])})["beat"]
        found = [bit for row in rows_of(given, [f"spike_{lane}" for lane in range(lanes)]) for bit in row]
        assert found == [int(neuron in numbers) for neuron in range(neurons)]


def test_a_queue_gives_what_it_got_and_holds_its_slots_and_one():
    model = get_block("queue")(slots=4, data_bits=33)
    assert [f.bits for f in model.flows[1].fields] == [32, 1]
    pushed = beats((7, 0), (1, 1), fields=["data_0", "data_1"])
    given = {"reserve": Beats(count=2), "push": pushed}
    assert rows_of(model.play(given)["result"], ["data_0", "data_1"]) == [(7, 0), (1, 1)]
    assert model.told == {"room": 1, "waiting": 0}
    assert model.held([given]).moved == {"reserve": 2, "push": 2}
    assert model.held([given]).told == {"room": 1, "waiting": 1}
    full = model.held([given] * 3)
    assert (full.moved["reserve"], full.told) == (5, {"room": 0, "waiting": 1})


def test_a_store_gives_what_it_got_and_holds_a_timestep_or_more():
    model = get_block("store")(beats=3, slots=3, data_bits=34)
    given = {"event": beats((7, 0), (1, 1), (7, 3), fields=["data_0", "data_1"])}
    assert [f.bits for f in model.flows[0].fields] == [32, 2]
    assert rows_of(model.play(given)["beat"], ["data_0", "data_1"]) == [(7, 0), (1, 1), (7, 3)]
    assert model.told == {}
    assert [model.held([given] * timesteps).moved["event"] for timesteps in (1, 2, 3)] == [3, 4, 4]


@pytest.mark.parametrize(
    ("marks", "first"),
    [
        ([[0, 0, 1], [0, 0, 1]], ""),
        ([[0, 0, 1], [0, 1, 1], [0, 0, 0]], "unexpected"),
        ([[0, 0, 0], [1, 0, 1]], "missing"),
        ([[1, 0, 0]], "unexpected"),
    ],
)
def test_the_first_wrong_mark_is_told_until_a_reset(marks, first):
    seen = Marks("event")
    for last in marks:
        seen.see(np.array(last))
    assert seen.told == {f"event_last_{kind}": int(kind == first) for kind in ("unexpected", "missing")}
    seen.reset()
    assert not any(seen.told.values())


@pytest.mark.parametrize(
    ("name", "settings", "given"),
    [
        ("fanout", {"words": 2, "rounds": 1, "stored_bits": 1, "played_bits": 1}, {"stored": 1, "played": 1}),
        ("queue", {"slots": 2, "data_bits": 1}, {"reserve": 1, "push": 2}),
        ("store", {"beats": 2, "slots": 3, "data_bits": 1}, {"event": 3}),
    ],
)
def test_another_number_of_beats_is_refused(name, settings, given):
    with pytest.raises(ValueError, match="beats of a timestep"):
        get_block(name)(**settings).play({stream: Beats(count=count) for stream, count in given.items()})


@pytest.mark.parametrize("ends", [[], [0, 0], [1, 1], [1, 0]])
def test_events_without_one_end_at_their_end_are_refused(ends):
    events = beats(*((end, 0) for end in ends), fields=["end", "neuron"])
    with pytest.raises(ValueError, match="end with one end"):
        get_block("addresses")(neurons=2, lanes=1).play({"event": events})


def test_results_of_other_rows_than_are_visited_are_refused():
    model = get_block("rows")(rows=1, words=2, lanes=1, given=[["spike", 1, False]], inputs=1, bounds={})
    given = {
        "command": beats((1,), fields=["silent"]),
        "change": Beats(count=0),
        "stored": beats((0,), (0,), fields=["events"]),
        "pre": beats((0,), fields=["spike"]),
        "result": beats((1, 0), fields=["skip", "rest_0"]),  # after a reset nothing is skipped
    }
    with pytest.raises(ValueError, match="results are not those"):
        model.play(given)


def test_what_is_passed_on_stands_in_pieces_of_all_its_bits():
    assert [sum(f.bits for f in opaque("x", bits)) for bits in (1, 32, 33, 100)] == [1, 32, 33, 100]
    assert max(f.bits for f in opaque("x", 100)) == 32


def test_every_name_is_that_of_a_model():
    for name in BLOCKS:
        assert get_block(name).__doc__
    with pytest.raises(ValueError, match="not in tuple"):
        get_block("nothing")
