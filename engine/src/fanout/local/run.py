"""One local run: the emulator, the receiver of webhooks and the deployed stack, up and down."""

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from fanout import names
from fanout.errors import UserError
from fanout.local import deployed, synth
from fanout.local.app import App, load
from fanout.local.console import note, step
from fanout.local.console_page import ConsolePage
from fanout.local.deletions import deletions
from fanout.local.deploy import ENTRY, Early, deploy, prepare
from fanout.local.emulator.connection import NO_PROXY, Connection
from fanout.local.emulator.emulator import PREFERRED_PORT, Emulator
from fanout.local.emulator.ports import HOST
from fanout.local.emulator.state import State, write_private
from fanout.local.evidence import Evidence
from fanout.local.watch import code
from fanout.local.webhook.receiver import Receiver
from fanout.ops.aws.discovery import find
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.ops.interrupt import postponed
from fanout.project import stack_name

Agree = Callable[[Sequence[str]], None]
ADDED = f"""\
NO_PROXY="${{NO_PROXY:+$NO_PROXY,}}${{no_proxy:+$no_proxy,}}{HOST}"
no_proxy="$NO_PROXY"
PATH="{Path(sys.executable).parent}${{PATH:+:$PATH}}"
unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN $(env | grep -o '^AWS_ENDPOINT_URL_[A-Z0-9_]*')
"""
"""What the shell has already stays, but for what would lead elsewhere; `fanout`, and the `python` that has the CDK, are
this app's."""
STILL_UP = "the embedded AWS is still up: `make down` stops it"
_PLAIN = re.compile(r"[\w@%+=:,./-]*")


@dataclass
class Run:
    """Everything of it lives in `folder`; two runs with two folders know nothing of each other."""

    folder: Path
    preferred_port: int = PREFERRED_PORT
    state: State = field(init=False)
    emulator: Emulator = field(init=False)
    receiver: Receiver = field(init=False)
    console: ConsolePage = field(init=False)

    def __post_init__(self) -> None:
        self.state = State(self.folder.resolve())
        self.emulator = Emulator(self.state, self.preferred_port)
        self.receiver = Receiver(self.state)
        self.console = ConsolePage(self.state)

    @property
    def connection(self) -> Connection:
        return self.emulator.connection

    def is_running(self) -> bool:
        return any(each.is_running() for each in (self.emulator, self.receiver, self.console))

    def stack(self) -> Stack:
        """As it is deployed now; OpsError when it is not."""
        return find(Aws(self.connection.session), stack_name(ENTRY))

    def open_console(self, stack: Stack) -> str:
        """Its address; it is started unless it runs. Hold the lock. Raises LocalError without its extra."""
        self.console.start(self.connection, stack.name)
        return self.console.address

    def evidence(self) -> Evidence:
        return Evidence(self.emulator, self.receiver, self.stack())

    def current(self, port: int | None = None) -> Stack | None:
        """The stack, where `up` would change nothing and each handler could be imported; asks AWS once. Hold the lock."""
        if not (self.emulator.is_running() and self.receiver.is_running() and self.state.environment.exists()):
            return None
        if port not in (None, self.connection.port) or code.is_put(self.state):
            return None
        is_there = synth.is_current(self.connection, self.state) and deployed.is_deployed(
            self.connection, self.state, self.receiver.url, imported=True
        )
        return self.stack() if is_there else None

    def up(self, port: int | None = None, agree: Agree = lambda deletions: None) -> Evidence:
        """Starts what does not run, deploys what changed, and writes the addresses down. Hold the lock.

        `agree` hears what would be deleted with messages or data in it; what it raises stops the deployment.
        """
        was_running = self.emulator.is_running()
        try:
            with nullcontext() if was_running else step("starting the embedded AWS"):
                said = self.emulator.start(port)
                self.receiver.start()
            if said:
                note(said)
            return self._deploy(agree)
        except UserError:
            raise
        except BaseException:  # Ctrl-C: what this call started goes, what ran before it stays
            if not was_running:
                self.down()
            raise

    def down(self) -> bool:
        """Stops all of it; False when nothing ran. Hold the lock."""
        with postponed():
            stopped = [self.console.stop(), self.receiver.stop(), self.emulator.stop()]
            self.state.environment.unlink(missing_ok=True)
        return any(stopped)

    def _deploy(self, agree: Agree, app: str = synth.APP) -> Evidence:
        early = Early(self.connection, self.state)
        try:
            return self._deploy_with(early, agree, app)
        finally:
            early.end()

    def _deploy_with(self, early: Early, agree: Agree, app: str) -> Evidence:
        told, stack = load(), stack_name(ENTRY)
        with step(f"synthesizing {stack}"):
            assembly = synth.synthesize(self.connection, self.state, app, meanwhile=early.start)
        if deployed.is_deployed(self.connection, self.state, self.receiver.url):
            told.prepare(self.connection.session, self.receiver)  # the stack is the same, and this may not be
            return self._settle(told)
        deployed.forget(self.state)
        synthesized = synth.templates(self.state)
        lines = [
            line
            for name, each in synthesized.items()
            for line in deletions(self.connection, name, each.get("Resources", {}))
        ]
        if lines:
            early.end()  # a person may take longer than its deadline
            agree(lines)
        with step(f"deploying {stack} with cdk") as say:
            prepare(self.connection)
            told.prepare(self.connection.session, self.receiver)
            deploy(self.connection, self.state, say, assembly, early)
            deployed.remember(self.connection, self.state, self.receiver.url)
            return self._settle(told)

    def _settle(self, told: App) -> Evidence:
        evidence = self.evidence()
        code.put_again(evidence)
        for task in told.of(evidence.stack):
            task.settle(evidence)
        plain = {name: value for name, value in self.connection.variables.items() if name not in NO_PROXY}
        named = {"TOPIC_ARN": evidence.stack.topic_arn, names.STACK: evidence.stack.name}
        write_private(self.state.environment, dotenv({**plain, **named}) + ADDED)
        return evidence


def dotenv(variables: Mapping[str, str]) -> str:
    """Lines that a shell and the readers of .env files understand alike."""
    return "".join(f"{name}={_quoted(value)}\n" for name, value in variables.items())


def _quoted(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    if "'" not in value:
        return f"'{value}'"
    return '"' + re.sub(r'([\\"$`])', r"\\\1", value) + '"'
