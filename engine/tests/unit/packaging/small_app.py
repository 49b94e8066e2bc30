"""An app and an engine as small as they can be, and the zip that the CDK would make of a folder."""

import io
import zipfile
from pathlib import Path

FILES = {
    "engine/__init__.py": "__version__ = '1'\n",
    "engine/names.py": "TASK = 'FANOUT_TASK'\n",
    "engine/runtime/__init__.py": "",
    "engine/runtime/batch.py": "from fanout import names\n",
    "engine/runtime/close_circuits.py": "",
    "engine/runtime/__pycache__/batch.cpython-311.pyc": "x",
    "engine/constructs/subscriber.py": "import aws_cdk\n",
    "app/lambdas/events/__init__.py": "",
    "app/lambdas/events/order.py": "X = 1\n",
    "app/lambdas/events/schema.json": "{}",
    "app/lambdas/ship/__init__.py": "",
    "app/lambdas/ship/handler.py": "from events.order import X\nimport fanout.runtime.batch\n\n\ndef handle(): ...\n",
    "app/lambdas/ship/data/rates.csv": "a,b\n",
    "app/lambdas/ship/tool.sh": "#!/bin/sh\n",
    "app/lambdas/ship/requirements.txt": "# none yet\n",
    "app/lambdas/ship/tests/test_ship.py": "",
    "app/lambdas/ship/.env": "SECRET=1",
    "app/lambdas/ship/__pycache__/handler.cpython-311.pyc": "x",
    "app/lambdas/bill/handler.py": "",
}
ZIPPED = {
    *("fanout/__init__.py", "fanout/names.py", "fanout/runtime/__init__.py", "fanout/runtime/batch.py"),
    *("events/__init__.py", "events/order.py"),
    *("ship/__init__.py", "ship/handler.py", "ship/data/rates.csv", "ship/tool.sh"),
}


def write(folder: Path) -> tuple[Path, Path]:
    """The app's root and the engine's package."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / "app", folder / "engine"


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def modes(folder: Path) -> set[int]:
    return {path.stat().st_mode & 0o777 for path in [folder, *folder.rglob("*")]}


def zipped(folder: Path) -> bytes:
    """Files alone, all of 1980, with the mode that each has on disk: `writeZipFile` of aws-cdk's lib/index.js."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files(folder)):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = (folder / name).stat().st_mode << 16
            archive.writestr(entry, (folder / name).read_bytes(), zipfile.ZIP_DEFLATED)
    return held.getvalue()
