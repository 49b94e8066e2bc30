"""Where the tests' own app is, the engine, and what is installed beside it."""

from pathlib import Path

APP = Path(__file__).parent / "app"
ENGINE = Path(__file__).parents[1]
REPOSITORY = ENGINE.parent
NODE_MODULES = ENGINE.parent / "node_modules"
SNAPSHOTS = ENGINE / "tests" / "infra" / "snapshots"
