"""What `fanout replay` prints: what it would do, and what it did."""

from datetime import timedelta

from fanout.cli.output import console, foreign, print_line
from fanout.ops.replay import checking
from fanout.ops.replay.estimate import Estimate
from fanout.ops.replay.replay import Replay
from fanout.ops.replay.runner import Result
from fanout.words import counted

_STAY = {
    checking.OUTSIDE: "not of what is chosen",
    checking.COPY: "second objects of the same event",
    checking.FILTERED: "kept back by the subscription's filter",
    checking.DONE: "done by the task: left out (--again --reason sends them too)",
    checking.DEAD: "among its dead letters: fanout dead redrive",
    checking.IN_HAND: "tried, and perhaps still in its queue: left out",
    checking.UNKNOWN: "left out: no record is kept so long",
    checking.ERASED: "of a reference whose data was erased: left out",
    checking.REFUSED: "no events by today's contracts, or not to be read",
    checking.GONE: "deleted or changed while they were counted",
}


def print_estimate(found: Estimate, made: Replay) -> None:
    if made.counted:
        print_line(f"counted by an earlier run, at {made.counted:%Y-%m-%d %H:%M} UTC: --fresh counts anew", "yellow")
    for each in found.completeness.unseen:
        print_line(foreign(each), "yellow")
    print_line(f"{counted(found.listed, 'object')} listed in {found.bucket}")
    for state, count in found.stay.items():
        print_line(f"  {count} {_STAY.get(state, state)}")
    for key, why in found.refused:
        print_line(foreign(f"    {key}: {why}"))
    if made.is_continued:
        print_line(f"{counted(found.sent, 'event')} sent by an earlier run of this replay")
    if not found.to_send:
        print_line(f"nothing to send to {found.task}")
        return
    _print_what_is_sent(found)


def _print_what_is_sent(found: Estimate) -> None:
    took = timedelta(seconds=round(found.seconds))
    size = f"{found.bytes / 1e6:.1f} MB" if found.bytes >= 1e5 else f"{found.bytes} bytes"
    print_line(
        f"{counted(found.to_send, 'event')} to send to {found.task}, {size}: {took} at {found.rate:g} a second,"
        f" about ${found.dollars:.2f} without what the task itself uses"
    )
    if found.oldest and found.newest:
        print_line(
            f"  the oldest of {found.oldest:%Y-%m-%d %H:%M} UTC, the newest of {found.newest:%Y-%m-%d %H:%M} UTC"
        )
    for type_, count in found.by_type.items():
        print_line(foreign(f"  {count} {type_}"))
    if found.again:
        print_line(f"  {counted(found.again, 'event')} of them done before: what the task does happens again", "yellow")


def print_result(result: Result) -> None:
    counts = result.counts
    line = f"{counts['sent']} sent, {counts['seen_done']} seen done, {counts['failed']} failed"
    for name, words in (
        ("sent_before", "sent by earlier runs"),
        ("no_outcome_yet", "without an outcome so far"),
        ("perhaps_twice", "perhaps sent twice (an earlier run was killed): the task skips the second"),
        ("left_out", "left out, as they changed or went"),
        ("not_sent", "not sent"),
    ):
        line += f", {counts[name]} {words}" if counts[name] else ""
    console.print(f"{line}; in {result.seconds:.1f} s", soft_wrap=True)
    if result.stopped:
        console.print(f"stopped: {result.stopped}", style="red", soft_wrap=True)
