"""Where one person's data may be: one module for each place, which finds it and removes it."""
