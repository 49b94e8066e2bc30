"""The same stack without AWS: the only room that knows the emulator."""
