"""One local run: the emulator, the webhook's receiver and the deployed stack, up and down."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fanout.local.console import note, step
from fanout.local.deploy import deploy, prepare
from fanout.local.emulator.connection import Connection
from fanout.local.emulator.emulator import PREFERRED_PORT, Emulator
from fanout.local.emulator.state import State, write_private
from fanout.local.errors import LocalError
from fanout.local.interrupts import postponed
from fanout.local.outputs import STACK, Outputs
from fanout.local.webhook.receiver import Receiver

_PLAIN = re.compile(r"[\w@%+=:,./-]*")


@dataclass
class Run:
    """Everything of it lives in `folder`; two runs with two folders know nothing of each other."""

    folder: Path
    preferred_port: int = PREFERRED_PORT
    state: State = field(init=False)
    emulator: Emulator = field(init=False)
    receiver: Receiver = field(init=False)

    def __post_init__(self) -> None:
        self.state = State(self.folder.resolve())
        self.emulator = Emulator(self.state, self.preferred_port)
        self.receiver = Receiver(self.state)

    @property
    def connection(self) -> Connection:
        return self.emulator.connection

    def is_running(self) -> bool:
        return self.emulator.is_running() or self.receiver.is_running()

    def up(self, port: int | None = None) -> Outputs:
        """Starts what does not run, deploys what changed, and writes the addresses down. Hold the lock."""
        was_running = self.emulator.is_running()
        try:
            with step("starting the embedded AWS"):
                said = self.emulator.start(port)
                self.receiver.start()
            if said:
                note(said)
            with step("deploying the changes" if was_running else f"deploying {STACK} with cdk") as say:
                prepare(self.connection, self.receiver.url)
                outputs = deploy(self.connection, self.state, say)
                self._settle(outputs)
        except LocalError:
            raise
        except BaseException:  # Ctrl-C: what this call started goes, what ran before it stays
            if not was_running:
                self.down()
            raise
        return outputs

    def down(self) -> bool:
        """Stops all of it; False when nothing ran. Hold the lock."""
        with postponed():
            stopped = [self.receiver.stop(), self.emulator.stop()]
            self.state.environment.unlink(missing_ok=True)
            self.state.outputs.unlink(missing_ok=True)
        return any(stopped)

    def _settle(self, outputs: Outputs) -> None:
        """What the owners of an address and of a webhook do by hand, once, on AWS."""
        session = self.connection.session
        function = outputs.subscriber("send_confirmation").function_name
        configuration = session.client("lambda").get_function_configuration(FunctionName=function)
        sender = configuration["Environment"]["Variables"]["EMAIL_SENDER"]
        session.client("ses").verify_email_identity(EmailAddress=sender)
        secret = session.client("secretsmanager").get_secret_value(SecretId=outputs.webhook_secret_arn)
        self.receiver.give_key(secret["SecretString"])
        named = {"FORM_EVENTS_TOPIC_ARN": outputs.topic_arn, "FORM_EVENTS_STACK": STACK}
        write_private(self.state.environment, dotenv({**self.connection.variables, **named}))


def dotenv(variables: Mapping[str, str]) -> str:
    """Lines that a shell and the readers of .env files understand alike."""
    return "".join(f"{name}={_quoted(value)}\n" for name, value in variables.items())


def _quoted(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    if "'" not in value:
        return f"'{value}'"
    return '"' + re.sub(r'([\\"$`])', r"\\\1", value) + '"'
