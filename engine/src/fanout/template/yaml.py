"""CloudFormation's YAML: short tags such as `!GetAtt`, no aliases, and dates stay text.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
"""

from __future__ import annotations

from typing import Any

from fanout.errors import Unusable
from fanout.installed import missing

try:
    import yaml
    from yaml.composer import Composer
except ImportError as error:
    raise Unusable(str(missing("a YAML template", "yaml"))) from error

_Base: type = yaml.SafeLoader
if yaml.__with_libyaml__:

    class _ByLibyaml(Composer, yaml.CSafeLoader):
        """yaml.CSafeLoader, in a seventh of SafeLoader's time, but with the composer that can be told what no alias is."""

        def __init__(self, stream: str) -> None:
            yaml.CSafeLoader.__init__(self, stream)
            Composer.__init__(self)

    _Base = _ByLibyaml


class _Loader(_Base):  # type: ignore[misc]
    """Safe: builds nothing but dicts, lists and scalars."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.composer.ComposerError(None, None, "CloudFormation knows no aliases", mark)
        return super().compose_node(parent, index)


def parse_yaml(text: str, where: str) -> Any:
    """The document as JSON would have it."""
    try:
        return yaml.load(text, Loader=_Loader)
    except RecursionError:
        raise Unusable(f"{where}: nested too deeply for a template") from None
    except (yaml.YAMLError, ValueError, TypeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}:" if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise Unusable(f"{where}:{line} not JSON, and not YAML either: {problem}") from None


def _short_tag(loader: _Loader, suffix: str, node: Any) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {name: value}


_Loader.add_multi_constructor("!", _short_tag)
