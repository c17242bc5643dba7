"""An emulated Gemini API: pictures by content and prediction, clips by operations, files. Imports no provider."""
