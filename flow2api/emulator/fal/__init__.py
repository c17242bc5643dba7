"""An emulated fal.ai: its queue, its file storage and its billing call, under one address. Imports no provider."""
