"""What one stack tells another by name: through SSM, so that each is deployed and removed by itself."""

from aws_cdk import aws_ssm as ssm
from constructs import Construct

from fanout.constructs.settings import Settings
from fanout.constructs.taken_names import take_name
from fanout.project import prefix


def tell(scope: Construct, id_: str, settings: Settings, name: str, value: str, description: str) -> str:
    """The parameter's name. Told again by the same id, it is the one that is there."""
    name = f"/{prefix()}/{settings.name}/{name}"
    if scope.node.try_find_child(id_) is None:
        take_name(scope, "SSM parameter", name, "give each stack settings with a name of their own")
        ssm.StringParameter(scope, id_, parameter_name=name, string_value=value, description=description)
    return name
