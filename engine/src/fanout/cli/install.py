"""`fanout install`: the packages that each task's requirements.txt asks for, where a synth finds them."""

import typer

from fanout.packaging.dependencies import install as make
from fanout.packaging.targets import aws_target, local_target
from fanout.project import find_root


def install() -> None:
    """Install what each lambdas/<task>/requirements.txt pins.

    Into .fanout/, for Lambda and for this machine.

    What is there already is left alone. A synth reads it, and never asks the network.
    """
    make(find_root(), [aws_target(), local_target()], typer.echo)
