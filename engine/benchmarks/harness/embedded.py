"""An embedded AWS for a benchmark, trusted as AWS is: by one authority among all that the SDK brings, which whoever connects must read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory

import botocore

from benchmarks.harness.measuring import APP, ENGINE
from fanout.local.emulator.connection import Connection
from fanout.local.emulator.emulator import Emulator
from fanout.local.emulator.state import State
from fanout.local.program import environment

_OF_THE_SDK = Path(botocore.__file__).with_name("cacert.pem")


@contextmanager
def embedded_aws() -> Iterator[Emulator]:
    """Nothing is deployed on it, and nothing of it is left."""
    with TemporaryDirectory() as folder:
        state = State(Path(folder).resolve() / "state")
        state.create()
        emulator = Emulator(state, preferred_port=0)
        try:
            emulator.start()
            yield emulator
        finally:
            emulator.stop()


@contextmanager
def environment_of(connection: Connection) -> Iterator[dict[str, str]]:
    """For programs of the benchmarks that ask it."""
    asked = environment(connection)
    with NamedTemporaryFile("w", suffix=".pem") as bundle:
        bundle.write(_OF_THE_SDK.read_text("utf-8") + Path(asked["AWS_CA_BUNDLE"]).read_text("utf-8"))
        bundle.flush()
        yield {**asked, "AWS_CA_BUNDLE": bundle.name, "PYTHONPATH": f"{APP}:{ENGINE}"}
