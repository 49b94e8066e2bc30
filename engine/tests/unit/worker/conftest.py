"""What the tests of a worker stand on: a function's variables, and its log lines."""

from tests.unit.lambdas.conftest import Lines as Lines
from tests.unit.lambdas.conftest import lines as lines
