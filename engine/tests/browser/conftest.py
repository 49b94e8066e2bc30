"""One deployment for all that a person does in a browser."""

from tests.local.conftest import a_deployment, deployed

__all__ = ["a_deployment", "deployed"]
