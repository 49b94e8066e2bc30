"""The CDK's app, with what every app of this engine needs around its stacks.

The rules are imported only when an app is made.
"""

import gc
import json
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aws_cdk as cdk

from fanout.constructs.errors import one_line_errors
from fanout.packaging.tidy import make_readable
from fanout.project import ARGUMENTS, find_root


class App(cdk.App):
    """Checks every template at synth; as `with App() as app:` it synthesizes at the end, makes every asset readable for
    Lambda, writes down which arguments the program had, and says in one line what is wrong.

    `contracts` is the folder with the events' schemas, against which filters are judged; an app without one has none.
    """

    def __init__(self, *, contracts: Path | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        from fanout.constructs.checks import FanoutChecks
        from fanout.contracts.contract import Contracts, load

        folder = contracts or find_root() / "contracts"
        known = load(folder) if contracts or folder.is_dir() else Contracts({})
        cdk.Validations.of(self).add_plugins(FanoutChecks(contracts=known))

    def __enter__(self) -> Self:
        """Nothing is garbage before the program ends, and a tenth of its time went into looking for it."""
        gc.disable()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with one_line_errors():
            if error:
                raise error
            self.synth()
            Path(self.outdir, ARGUMENTS).write_text(json.dumps(sys.argv[1:]), "utf-8")
            make_readable(Path(self.outdir))
        gc.freeze()  # nor is anything worth looking for at the end
