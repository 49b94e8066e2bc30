"""Where the tests' own app is, the engine, and what is installed beside it."""

import shutil
from pathlib import Path

APP = Path(__file__).parent / "app"
ENGINE = Path(__file__).parents[1]
REPOSITORY = ENGINE.parent
NODE_MODULES = ENGINE.parent / "node_modules"
SNAPSHOTS = ENGINE / "tests" / "infra" / "snapshots"


def copy_app(folder: Path) -> None:
    """With what is installed beside it, so that it can be edited and synthesized there."""
    for name in ("stacks", "lambdas", "contracts"):
        shutil.copytree(APP / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("app.py", "cdk.json", "demo.py"):
        shutil.copy(APP / name, folder)
    (folder / ".fanout").symlink_to(APP / ".fanout")
    (folder / "node_modules").symlink_to(NODE_MODULES)
