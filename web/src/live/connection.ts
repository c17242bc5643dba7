/** Puts socket and state together, in a real browser. */
import { effect } from "@preact/signals";
import { address } from "../api";
import { route } from "../route";
import { paced } from "./pace";
import type { TopicName, TopicState } from "./protocol.gen";
import { LiveSocket, type Wire } from "./socket";
import { applyAll, drain, greet, restore, setStatus } from "./state";

/** So often at most is a page drawn anew, however much happens. */
const DRAW_MS = 150;

/** What each page shows; the overview's numbers are in the rail of all. */
const TOPICS: Record<string, readonly TopicName[]> = {
  generations: ["jobs", "accounts"],
  accounts: ["accounts", "proxies"],
  captcha: ["captcha"],
  proxies: ["proxies", "accounts"],
  studio: ["jobs"],
  gallery: ["jobs", "accounts"],
  overview: ["jobs", "accounts"],
  keys: ["keys"],
  webhooks: ["keys"],
  system: ["system"],
  logs: ["logs"],
  backups: ["system"],
};

export interface Doors {
  /** Ask whether the session is still good. */
  doubt(): void;
  signedOut(): void;
}

/** Connect for as long as somebody is signed in; gives the way to try again at once, and to stop. */
export function connectLive(doors: Doors): { retry: () => void; stop: () => void } {
  const events = paced(applyAll, DRAW_MS, (ms, action) => void setTimeout(action, ms));
  const snapshot = (state: TopicState) => {
    events.flush();
    restore(state);
  };
  const socket = new LiveSocket(
    { status: setStatus, hello: greet, snapshot, events: events.take, draining: drain, ...doors },
    {
      connect: () => new WebSocket(address("/api/live").replace(/^http/, "ws")) as unknown as Wire,
      now: () => Date.now(),
      later: (ms, action) => {
        const id = setTimeout(action, ms);
        return () => clearTimeout(id);
      },
      chance: Math.random,
    },
  );
  const retry = () => socket.retry();
  const unhook = effect(() => socket.show(["overview", ...(TOPICS[route.value.page] ?? [])]));
  socket.start();
  addEventListener("online", retry);
  return {
    retry,
    stop: () => {
      unhook();
      removeEventListener("online", retry);
      socket.stop();
    },
  };
}
