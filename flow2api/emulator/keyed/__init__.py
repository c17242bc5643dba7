"""What the emulated services have in common that are reached with a key: keys, routes, progress, made files, their control."""
