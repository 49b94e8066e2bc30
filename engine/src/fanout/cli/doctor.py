"""`fanout doctor`: the signature, and what is told."""

from fanout.cli.options import Json, Target, aws_command, connect


@aws_command
def doctor(
    target: Target,
    as_json: Json = False,
) -> int:
    """Find what was changed by hand, and what would lose messages as it is now. Exit status 1: something is wrong."""
    from fanout.cli.output import console, say_json
    from fanout.ops.doctor.doctor import examine

    found = connect(target)
    problems = examine(found)
    if as_json:
        say_json([each.as_dict() for each in problems])
        return int(bool(problems))
    for each in problems:
        console.print(f"[red]{each.kind}[/] [bold]{each.where}[/]", soft_wrap=True)
        console.print(f"  {each.what}\n  {each.remedy}", markup=False)
    if not problems:
        console.print(
            f"{found.name} is as it was deployed, and loses nothing by any rule of fanout check", markup=False
        )
    return int(bool(problems))
