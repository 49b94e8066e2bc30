"""`python -m benchmarks.peers.round_trips our_app 10`: how often such an app asks the CDK's kernel for something.

The CDK runs in a Node process. Each construct made, each attribute read and each method called is one question to it.
"""

import sys
from importlib import import_module

from jsii._kernel.providers.process import _NodeProcess

asked = 0
send = _NodeProcess.send


def counted(self: _NodeProcess, *question: object) -> object:
    global asked
    asked += 1
    return send(self, *question)  # type: ignore[arg-type]  # whatever it takes


if __name__ == "__main__":
    _NodeProcess.send = counted  # type: ignore[method-assign,assignment]  # jsii has no hook for it
    import_module(f"benchmarks.peers.{sys.argv[1]}").main(int(sys.argv[2]))
    sys.stdout.write(f"{asked}\n")
