"""The same stack on this machine, without AWS: the only package that knows the embedded AWS."""
