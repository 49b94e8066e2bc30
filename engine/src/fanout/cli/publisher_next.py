"""`fanout check --publisher-next TYPE`: who is not ready for a type that a publisher will send next."""

from fanout.cli.aws_command import Target, aws_command, connect
from fanout.cli.output import console, foreign, print_line, say_json, table
from fanout.contracts.app import known_contracts
from fanout.ops.publisher_next import FILTER_SECONDS, Readiness, readiness
from fanout.words import counted, printable


@aws_command
def publisher_next(target: Target, type_: str, topic: str | None, as_json: bool) -> int:
    """Exit status: 0 everybody is ready and somebody gets it, 1 not so."""
    stack = connect(target).of_topic(topic)
    found = readiness(stack, type_)
    is_known = _is_known(type_)
    is_heard = any(each.gets is not False and each.state != "not seen" for each in found)
    late = [each for each in found if not each.is_ready]
    if as_json:
        say_json(
            {
                "stack": stack.name,
                "type": type_,
                "in_contracts": is_known,
                "ready": not late and is_heard,
                "subscribers": [each.as_dict() for each in found],
            }
        )
    else:
        _print(found, late, type_, is_heard=is_heard, is_known=is_known)
    return int(bool(late) or not is_heard)


def _is_known(type_: str) -> bool | None:
    """Whether contracts/ of the app has it; None outside of an app."""
    contracts = known_contracts()
    return type_ in contracts.by_type if len(contracts) else None


def _print(found: list[Readiness], late: list[Readiness], type_: str, *, is_heard: bool, is_known: bool | None) -> None:
    shown = table("subscriber", "gets it", "state", "why", fold=("why",))
    for each in found:
        gets = {True: "yes", False: "no", None: "?"}[each.gets]
        style = "" if each.is_ready else "yellow"
        shown.add_row(foreign(each.subscriber), gets, foreign(each.state, style), foreign(each.why))
    console.print(shown)
    if is_known is False:
        print_line(printable(f"{type_} is not in contracts/: the publisher refuses it"), "yellow")
    if not is_heard:
        print_line(printable(f"nobody would get {type_}: SNS keeps no event that nobody takes"), "bold red")
    elif late:
        what = f"{counted(len(late), 'subscriber')} not ready for {type_}: deploy consumers first"
        print_line(printable(what), "bold red")
    else:
        print_line(
            printable(f"ready for {type_}; a changed filter takes up to {FILTER_SECONDS // 60} minutes"), "bold green"
        )
