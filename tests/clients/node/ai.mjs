// What users of the AI SDK do with its provider for OpenAI-like services. Prints what came of it as JSON.
// Arguments: the address of the API, a key, a model for pictures, a model for clips.

import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { experimental_generateImage as generateImage, generateText, streamText } from "ai";

const [, , baseURL, apiKey, model, clipModel] = process.argv;
const provider = createOpenAICompatible({ name: "gateway", baseURL, apiKey, includeUsage: true });
const told = {};

const whole = await generateText({ model: provider(model), prompt: "a red apple" });
told.whole = [whole.text, whole.finishReason];

const parts = [];
const stream = streamText({ model: provider(clipModel), prompt: "a ball rolls" });
told.streamed = "";
for await (const part of stream.fullStream) {
  parts.push(part.type);
  if (part.type === "text-delta") told.streamed += part.text;
}
told.parts = [...new Set(parts)].sort();
told.reason = await stream.finishReason;

const made = await generateImage({ model: provider.imageModel(model), prompt: "a red apple", n: 2, aspectRatio: "16:9" });
told.images = made.images.map((image) => [image.mediaType, image.uint8Array.length > 100]);
const changed = await generateImage({
  model: provider.imageModel(model),
  prompt: { text: "make it green", images: [made.images[0].uint8Array] },
});
told.changed = changed.images.length;

const refused = await generateText({ model: provider("no-such-model"), prompt: "x", maxRetries: 0 }).catch((error) => error);
told.error = [refused.statusCode, refused.data.error.code, refused.isRetryable];

console.log(JSON.stringify(told));
