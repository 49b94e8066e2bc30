"""Log lines and queue counts of three points of ten seconds, counted by hand."""

import json

from tests.recordings.shapes_counted import Log, Seen, counted

BEGAN = 1_000.0


def report(milliseconds: float) -> str:
    return (
        f"REPORT RequestId: r-1\tDuration: {milliseconds} ms\tBilled Duration: {milliseconds} ms\tMemory Size: 256 MB"
    )


def outcome(event: str, kind: str) -> str:
    return json.dumps({"outcome": kind, "event_id": event})


def emitted(at: float, **values: int) -> str:
    return json.dumps({"_aws": {"Timestamp": at * 1000}, **values})


LOG: Log = [
    (1_002.0, outcome("a", "done")),
    (1_002.0, emitted(1_002, Done=1)),
    (1_002.0, report(500)),
    (1_002.1, report(400)),
    (1_013.0, outcome("b", "failed")),
    (1_013.0, emitted(1_013, Failed=1)),
    (1_013.0, report(100)),
    (1_025.0, outcome("b", "dead")),
    (1_040.0, report(300)),
]


def series(metric: str) -> list[float | None]:
    seen = Seen({"notify": [0, 2, 1]}, published={"a": 1_001.0, "b": 1_009.0})
    topic, tasks = counted(seen, {"notify": LOG}, began=BEGAN, seconds=10, points=3)
    return {**tasks["notify"], **topic}[metric]


def test_what_is_published_and_what_comes_back_is_sent() -> None:
    assert series("NumberOfMessagesPublished") == [2, None, None]
    assert series("NumberOfMessagesSent") == [2, 0, 1]
    assert series("ApproximateNumberOfMessagesVisible") == [0, 2, 1]


def test_the_runtimes_metrics_are_summed_where_they_were_sent() -> None:
    assert series("Done") == [1, None, None]
    assert series("Failed") == [None, 1, None]
    assert series("Dead") == [None, None, None]


def test_invocations_are_told_by_their_reports_and_what_is_late_belongs_to_the_last_point() -> None:
    assert series("Invocations") == [2, 1, 1]
    assert series("Duration Maximum") == [500, 100, 300]
    assert series("Duration p50") == [450, 100, 300]
    assert series("Duration Sum") == [900, 100, 300]


def test_two_that_overlap_run_at_the_same_time() -> None:
    assert series("ConcurrentExecutions") == [2, 1, 1]


def test_an_event_is_old_until_it_is_done_or_dead() -> None:
    assert series("ApproximateAgeOfOldestMessage") == [1, 11, 0]


def test_what_was_received_three_times_is_left_out_of_the_age() -> None:
    thrice = json.dumps({"outcome": "failed", "event_id": "b", "attempt": 3})
    seen = Seen({"notify": [0, 0, 0]}, published={"b": 1_001.0})
    _, tasks = counted(seen, {"notify": [(1_015.0, thrice)]}, began=BEGAN, seconds=10, points=3)
    assert tasks["notify"]["ApproximateAgeOfOldestMessage"] == [9, 0, 0]


def test_a_line_of_a_log_counts_with_its_overhead() -> None:
    first = sum(len(line) + 26 for at, line in LOG if at < 1_010)
    assert series("IncomingBytes")[0] == first
