"""The console at a socket that is bound already, as `fanout local up` starts it: `python -m fanout.console`."""

import argparse
import socket
from collections.abc import Callable

import boto3

from fanout.console.allowed import WORDS
from fanout.console.app import make_app
from fanout.console.console import Console
from fanout.console.serve import Place, guard_of, serve
from fanout.ops.aws.discovery import find
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--stack", required=True)
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--pid", help="its own pid file, by which it is recognised")
    arguments = parser.parse_args()
    place = Place()

    def found(prepare: Callable[[boto3.Session], None]) -> Stack:
        aws = Aws()
        prepare(aws.session)
        return find(aws, arguments.stack)

    with socket.socket(fileno=arguments.fd) as listener:
        guard = guard_of(place, listener.getsockname()[1])
        serve(make_app(Console.made(found, found, frozenset(WORDS)), guard), place, listener)


if __name__ == "__main__":
    main()
