// What users of Google's package for Node do. Prints what came of it as JSON.
// Arguments: the gateway's address, a key, a model for pictures, a model for clips, a folder to write to.

import { readFile } from "node:fs/promises";
import { GoogleGenAI } from "@google/genai";

const [, , baseUrl, apiKey, model, clipModel, folder] = process.argv;
const client = new GoogleGenAI({ apiKey, httpOptions: { baseUrl } });
const told = {};
const pictures = (answer) => (answer.candidates ?? []).flatMap((one) => one.content?.parts ?? []).filter((part) => part.inlineData);

told.model = (await client.models.get({ model })).name;
told.models = 0;
for await (const one of await client.models.list({ config: { pageSize: 100 } })) told.models += one.name ? 1 : 0;

const answer = await client.models.generateContent({ model, contents: "a red apple", config: { imageConfig: { aspectRatio: "16:9" } } });
const [picture] = pictures(answer);
told.whole = [pictures(answer).length, picture.inlineData.mimeType, answer.candidates[0].finishReason];

told.streamed = 0;
for await (const chunk of await client.models.generateContentStream({ model, contents: "a red apple" })) told.streamed += pictures(chunk).length;

const chat = client.chats.create({ model });
await chat.sendMessage({ message: "a red apple" });
told.changed = pictures(await chat.sendMessage({ message: "make it green" })).length;

const image = { imageBytes: picture.inlineData.data, mimeType: picture.inlineData.mimeType };
let operation = await client.models.generateVideos({ model: clipModel, prompt: "it rolls", image, config: { aspectRatio: "16:9" } });
while (!operation.done) {
  await new Promise((resolve) => setTimeout(resolve, 50));
  operation = await client.operations.getVideosOperation({ operation });
}
const downloadPath = `${folder}/clip.mp4`;
await client.files.download({ file: operation.response.generatedVideos[0].video, downloadPath });
// The package returns before the file is whole.
for (let size = -1; ; ) {
  const data = await readFile(downloadPath).catch(() => Buffer.alloc(0));
  if (data.length > 8 && data.length === size) {
    told.clip = data.subarray(4, 8).toString();
    break;
  }
  size = data.length;
  await new Promise((resolve) => setTimeout(resolve, 50));
}

told.error = await client.models.generateContent({ model: "nope", contents: "x" }).catch((error) => [error.name, error.status]);

console.log(JSON.stringify(told));
