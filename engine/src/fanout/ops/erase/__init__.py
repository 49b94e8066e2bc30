"""One person's data: found, removed, and looked for again, wherever a command can reach it."""
