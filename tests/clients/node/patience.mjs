// A picture that takes longer than Node waits for headers, asked for without a stream. Prints what came of it as JSON.
// Arguments: the address of the API, a key, a model for pictures, for how many seconds Node waits.

import http from "node:http";
import OpenAI from "openai";
import { Agent, fetch } from "undici";

const [, , baseURL, apiKey, model, seconds] = process.argv;
const limit = Number(seconds) * 1000;
const dispatcher = new Agent({ headersTimeout: limit, bodyTimeout: limit });
const told = {};

// That the limit is one: a server that says nothing.
const silent = http.createServer(() => {}).listen(0, "127.0.0.1");
await new Promise((resolve) => silent.once("listening", resolve));
told.silent = await fetch(`http://127.0.0.1:${silent.address().port}/`, { dispatcher }).catch((error) => error.cause.code);
silent.closeAllConnections();
silent.close();

const began = Date.now();
const client = new OpenAI({ baseURL, apiKey, fetch, fetchOptions: { dispatcher } });
const picture = await client.images.generate({ model, prompt: "a slow apple" });
told.bytes = Buffer.from(picture.data[0].b64_json, "base64").length;
told.seconds = (Date.now() - began) / 1000;

console.log(JSON.stringify(told));
