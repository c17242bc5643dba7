import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin, type Rolldown } from "vite";

const gateway = process.env.FLOW2API_URL ?? "http://127.0.0.1:8000";
const FIRST_LOAD_BYTES = 60_000;

/** Fails a build whose first page would need more script than that, compressed. What is fetched later does not count. */
function firstLoad(limit: number): Plugin {
  return {
    name: "first-load",
    generateBundle(_options, bundle) {
      const chunks = Object.values(bundle).filter((one): one is Rolldown.OutputChunk => one.type === "chunk");
      const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
      const needed = new Set(chunks.filter((chunk) => chunk.isEntry).map((chunk) => chunk.fileName));
      for (const name of needed) for (const other of byName.get(name)?.imports ?? []) needed.add(other);
      const size = [...needed].reduce((sum, name) => sum + gzipSync(byName.get(name)?.code ?? "").length, 0);
      const told = `first load: ${needed.size} scripts, ${size} bytes compressed of ${limit}`;
      if (size > limit) this.error(told);
      else console.log(told);
    },
  };
}

export default defineConfig({
  base: "./",
  plugins: [firstLoad(FIRST_LOAD_BYTES)],
  build: {
    outDir: "../flow2api/dashboard",
    emptyOutDir: true,
    target: "es2022",
    // A data: address would need an exception in the policy that the page is served with.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      "/api": { target: gateway, ws: true },
      "/v1": gateway,
      "/media": gateway,
    },
  },
});
