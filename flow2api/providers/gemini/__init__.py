"""Google's Gemini API over the operator's own keys: Gemini and Imagen pictures, Veo clips."""
