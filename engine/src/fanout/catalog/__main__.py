"""`python -m catalog cdk.out` writes docs/catalog/ and the README's picture; `--check` says whether they are current."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from fanout.catalog.documents import FOLDER, documents, is_generated
from fanout.contracts.contract import ContractError
from fanout.errors import Unusable
from fanout.project import find_root

ROOT = find_root()


def main(arguments: list[str] | None = None, *, root: Path = ROOT) -> int:
    """Write, or compare; the exit status: 0, 1 when something is not current, 2 when there is nothing to read."""
    parser = argparse.ArgumentParser(prog="python -m catalog", description=__doc__)
    parser.add_argument("assembly", type=Path, help="a cdk.out folder, or a template")
    parser.add_argument("--stack", help="the stack to describe; by default the one that is production")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if a document is not current")
    options = parser.parse_args(arguments)
    try:
        wanted = documents(options.assembly, root, stack=options.stack)
    except (Unusable, ContractError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    stale = _stale(wanted, root)
    if options.check:
        for path in stale:
            print(f"{path} is not what the template says: run make docs", file=sys.stderr)
        return 1 if stale else 0
    for path in stale:
        _write(root / path, wanted.get(path))
    return 0


def _stale(wanted: dict[Path, str], root: Path) -> list[Path]:
    there = {path.relative_to(root): path.read_text("utf-8") for path in (root / FOLDER).rglob("*.*")}
    left = {path for path, text in there.items() if path not in wanted and is_generated(text)}
    changed = {path for path, text in wanted.items() if _text(root / path) != text}
    return sorted(left | changed)


def _text(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None


def _write(path: Path, text: str | None) -> None:
    if text is None:
        path.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


if __name__ == "__main__":
    sys.exit(main())
