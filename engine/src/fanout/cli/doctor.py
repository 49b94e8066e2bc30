"""`fanout doctor`: what is deployed against the deployed template, and both against the rules."""

from rich.text import Text

from fanout.cli.aws_command import Target, aws_command, connect
from fanout.cli.options import Json
from fanout.cli.output import console, say_json
from fanout.ops.doctor.doctor import examine


@aws_command
def doctor(
    target: Target,
    as_json: Json = False,
) -> int:
    """Find what was changed by hand, and what would lose messages as it is now. Exit status 1: something is wrong."""
    stack = connect(target)
    stack.require_deployed("fanout doctor")
    problems = examine(stack)
    if as_json:
        say_json([each.as_dict() for each in problems])
        return int(bool(problems))
    for each in problems:
        console.print(Text.assemble((each.kind, "red"), " ", (each.where, "bold")), soft_wrap=True)
        console.print(f"  {each.what}\n  {each.remedy}")
    if not problems:
        console.print(f"{stack.name} is as it was deployed, and loses nothing by any rule of fanout check")
    return int(bool(problems))
