"""Errors that a person can mend: the message is one line that says what is wrong, the value, and what to do."""


def fault(error: BaseException) -> str:
    """One line for what nobody foresaw: what an operating system refused, or type and place; never a message, which may be answers."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    place, trace = "", error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        _, is_ours, path = code.co_filename.replace("\\", "/").rpartition("/fanout/")
        place = f" in fanout/{path}, line {trace.tb_lineno}" if is_ours else place
        trace = trace.tb_next
    what = f"no module {error.name}" if isinstance(error, ModuleNotFoundError) else type(error).__name__
    return f"{what}{place}: a fault of fanout itself; what it had done so far stays done"


class UserError(ValueError):
    """Ends a command with its one line and without a traceback."""


class Unusable(UserError):
    """A command line, or a file that it names, cannot be used."""


class ConfigurationError(UserError):
    """What somebody wrote in a stack or in settings is wrong; it names the thing, the value given and the one expected."""


class ContractError(UserError):
    """An event's schema or its examples cannot be read."""


class OpsError(UserError):
    """What is deployed, or what AWS answers, does not allow what was asked for."""


class LocalError(UserError):
    """The embedded AWS, or what runs beside it, cannot be started, reached or stopped."""
