// What users of OpenAI's package for Node do. Prints what came of it as JSON.
// Arguments: the address of the API, a key, a model for pictures, a model for clips.

import OpenAI from "openai";

const [, , baseURL, apiKey, model, clipModel] = process.argv;
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const told = {};

const messages = [{ role: "user", content: "a red apple" }];
const answer = await client.chat.completions.create({ model, messages });
told.whole = answer.choices[0].message.content;

told.thoughts = 0;
told.streamed = "";
const stream = await client.chat.completions.create({ model, messages, stream: true, stream_options: { include_usage: true } });
for await (const chunk of stream) {
  told.streamed += chunk.choices[0]?.delta.content ?? "";
  told.usage = chunk.usage?.total_tokens ?? told.usage;
}

const picture = await client.images.generate({ model, prompt: "a red apple", size: "1024x1024" });
const bytes = Buffer.from(picture.data[0].b64_json, "base64");
told.picture = [picture.output_format, bytes.length > 100, picture.data[0].url ?? null];
const file = await OpenAI.toFile(bytes, "a/b/c.exe", { type: "text/html" });
const edited = await client.images.edit({ model, image: [file, file], prompt: "make it green" });
told.edited = edited.data.length;

let video = await client.videos.create({ model: clipModel, prompt: "it rolls", input_reference: file, seconds: "8", size: "720x1280" });
told.ordered = [video.status, video.seconds, video.error];
while (video.status === "queued" || video.status === "in_progress") {
  await new Promise((resolve) => setTimeout(resolve, 50));
  video = await client.videos.retrieve(video.id);
}
told.video = [video.status, video.progress, video.size, video.seconds];
// A reference goes as `input_reference[image_url]`, one to a clip as `video[id]`.
const second = await client.videos.create({
  model: clipModel,
  prompt: "by a link",
  input_reference: { image_url: `data:image/jpeg;base64,${picture.data[0].b64_json}` },
});
const remix = await client.videos.remix(video.id, { prompt: "it flies" });
told.remixed = remix.remixed_from_video_id === video.id;
const extended = await client.videos.extend({ prompt: "and on", seconds: "8", video: { id: video.id } });
told.extended = extended.seconds;
told.listed = [];
for await (const one of client.videos.list({ limit: 1 })) told.listed.push(one.id);
told.expected = [extended.id, remix.id, second.id, video.id];
const part = await client.videos.downloadContent(video.id, {}, { headers: { Range: "bytes=4-7" } });
told.part = [part.status, await part.text(), part.headers.get("content-type")];
told.deleted = await client.videos.delete(video.id);
told.error = await client.videos.retrieve(video.id).catch((error) => [error.constructor.name, error.status, error.code]);
told.models = (await client.models.list()).data.length;
told.same = (await client.models.retrieve("no/such model").catch((error) => error)).code;

console.log(JSON.stringify(told));
