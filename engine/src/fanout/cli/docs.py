"""`fanout docs`: docs/catalog/ and the README's picture, from the synthesized templates."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from fanout.catalog.files import stale_documents, write_document
from fanout.ops.deploy.rights import with_rights
from fanout.project import find_root, product

DEPLOYING = Path("docs/deploying.md")
"""Where a role's rights are written, between markers."""


def docs(
    assembly: Annotated[Path, typer.Argument(metavar="PATH", help="What `make synth` wrote, or a template.")] = Path(
        "cdk.out"
    ),
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit 1 if a document is not current.")
    ] = False,
    stack: Annotated[
        str | None, typer.Option("--stack", "-s", metavar="STACK", help="The stack to describe; else production's.")
    ] = None,
) -> int:
    """Write the app's documents from its templates, or check that they are current.

    The README's picture, AsyncAPI, rights, a page for each subscriber, and what a role that deploys may ask.
    Exit status: 0 current or written, 1 with --check when one is not current, 2 unusable input.
    """
    root = find_root()
    stale = stale_documents(assembly, root, stack=stack)
    deploying = root / DEPLOYING
    if deploying.exists():
        now = deploying.read_text("utf-8")
        made = with_rights(now, product(root))
        stale |= {DEPLOYING: made} if made != now else {}
    for path, text in stale.items():
        if check:
            print(f"{path} is not what the templates say: run make docs", file=sys.stderr)
        else:
            write_document(root / path, text)
    return 1 if check and stale else 0
