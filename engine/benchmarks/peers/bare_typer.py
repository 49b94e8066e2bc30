"""`python benchmarks/peers/bare_typer.py --help`: as many commands as `fanout` has, of Typer alone, that do nothing."""

import sys

import typer


def main(count: int) -> None:
    app = typer.Typer()
    for number in range(count):
        app.command(f"command{number}", help="Say what would be done, and to whom, and why not otherwise.")(
            lambda: None
        )
    app(["--help"])


if __name__ == "__main__":
    main(int(sys.argv[1]))
