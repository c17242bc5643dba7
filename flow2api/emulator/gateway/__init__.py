"""An emulated gateway: OpenAI's images and videos, and the shapes of resellers, behind bearer keys. Imports no provider."""
