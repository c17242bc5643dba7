import { beforeEach, expect, test } from "vitest";
import { PROTOCOL, type LiveEvent, type TopicState } from "../src/live/protocol.gen";
import { LiveSocket, type Sink, type Status, type Surroundings, type Wire } from "../src/live/socket";

class FakeWire implements Wire {
  onmessage: Wire["onmessage"] = null;
  onclose: Wire["onclose"] = null;
  sent: { type: string; topics?: string[] }[] = [];
  closed = false;
  send(text: string) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.closed = true;
  }
  say(frame: object) {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
}

/** A clock that moves when told, and what is due on it. */
class World implements Surroundings {
  wires: FakeWire[] = [];
  time = 0;
  due: { at: number; action: () => void }[] = [];
  connect() {
    const wire = new FakeWire();
    this.wires.push(wire);
    return wire;
  }
  now() {
    return this.time;
  }
  later(ms: number, action: () => void) {
    const entry = { at: this.time + ms, action };
    this.due.push(entry);
    return () => void (this.due = this.due.filter((one) => one !== entry));
  }
  chance() {
    return 0.5;
  }
  pass(ms: number) {
    const end = this.time + ms;
    for (;;) {
      const next = this.due.filter((one) => one.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.due = this.due.filter((one) => one !== next);
      this.time = next.at;
      next.action();
    }
    this.time = end;
  }
  get wire(): FakeWire {
    const last = this.wires.at(-1);
    if (!last) throw new Error("nothing was connected");
    return last;
  }
}

let world: World;
let told: { statuses: Status[]; snapshots: TopicState[]; events: LiveEvent[]; doubts: number; ends: number; drains: number };
let socket: LiveSocket;

beforeEach(() => {
  world = new World();
  told = { statuses: [], snapshots: [], events: [], doubts: 0, ends: 0, drains: 0 };
  const sink: Sink = {
    status: (status) => told.statuses.push(status),
    hello: () => undefined,
    snapshot: (state) => told.snapshots.push(state),
    events: (events) => told.events.push(...events),
    draining: () => (told.drains += 1),
    doubt: () => (told.doubts += 1),
    signedOut: () => (told.ends += 1),
  };
  socket = new LiveSocket(sink, world);
  socket.show(["overview"]);
  socket.start();
});

const hello = (changes: object = {}) => ({
  type: "hello", version: "1", protocol: PROTOCOL, instance: "a", session: "s", time: 0, beat_seconds: 10, draining: false, ...changes,
});
const status = () => told.statuses.at(-1);

test("after hello it asks for its topics and is live", () => {
  world.wire.say(hello());
  expect(status()?.state).toBe("live");
  expect(world.wire.sent).toEqual([{ type: "subscribe", topics: ["overview"] }]);
});

test("another page asks for other topics on the same connection", () => {
  world.wire.say(hello());
  socket.show(["overview", "jobs"]);
  socket.show(["overview", "jobs"]);
  expect(world.wires.length).toBe(1);
  expect(world.wire.sent.map((frame) => frame.topics)).toEqual([["overview"], ["overview", "jobs"]]);
});

test("snapshots and events in order are passed on", () => {
  world.wire.say(hello());
  world.wire.say({ type: "snapshot", seq: 1, state: { topic: "keys", keys: [] } });
  world.wire.say({ type: "events", seq: 2, topic: "keys", events: [{ type: "setting_changed", name: "x", at: 1 }] });
  expect(told.snapshots).toEqual([{ topic: "keys", keys: [] }]);
  expect(told.events.length).toBe(1);
});

test("a gap is not passed on but ends the connection, and the next one begins anew", () => {
  world.wire.say(hello());
  world.wire.say({ type: "events", seq: 2, topic: "keys", events: [{ type: "setting_changed", name: "x", at: 1 }] });
  expect(told.events).toEqual([]);
  expect(world.wires[0]?.closed).toBe(true);
  expect(status()?.state).toBe("lost");
  world.pass(1000);
  world.wire.say(hello());
  world.wire.say({ type: "snapshot", seq: 1, state: { topic: "keys", keys: [] } });
  expect(told.snapshots.length).toBe(1);
});

test("pauses between tries grow up to a limit, and shrink again after a good connection", () => {
  const pauses: number[] = [];
  for (let n = 0; n < 8; n += 1) {
    world.wire.onclose?.({ code: 1006 });
    pauses.push((status()?.retryAt ?? 0) - world.time);
    world.pass(pauses.at(-1) ?? 0);
  }
  expect(pauses).toEqual([1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  world.wire.say(hello());
  world.wire.onclose?.({ code: 1006 });
  expect((status()?.retryAt ?? 0) - world.time).toBe(1000);
});

test("the time of the loss stays the same through all tries", () => {
  world.wire.say(hello());
  world.pass(5000);
  world.wire.onclose?.({ code: 1006 });
  const since = status()?.since;
  world.pass(1000);
  world.wire.onclose?.({ code: 1006 });
  expect(status()?.since).toBe(since);
});

test("each beat is answered, and two without a word are taken for a loss", () => {
  world.wire.say(hello());
  world.pass(19_000);
  world.wire.say({ type: "beat", time: 1 });
  expect(world.wire.sent.at(-1)).toEqual({ type: "ping" });
  world.pass(19_000);
  expect(status()?.state).toBe("live");
  world.pass(1000);
  expect(status()?.state).toBe("lost");
});

test("a connection that never says hello is given up", () => {
  world.pass(15_000);
  expect(status()?.state).toBe("lost");
  expect(told.doubts).toBe(1);
});

test("the end of the session is told once and nothing is tried again", () => {
  world.wire.say(hello());
  world.wire.onclose?.({ code: 4401 });
  world.pass(120_000);
  expect(told.ends).toBe(1);
  expect(world.wires.length).toBe(1);
});

test("a refused connection asks whether the session is still good; a cut one does not", () => {
  world.wire.onclose?.({ code: 1006 });
  expect(told.doubts).toBe(1);
  world.pass(1000);
  world.wire.say(hello());
  world.wire.onclose?.({ code: 1006 });
  expect(told.doubts).toBe(1);
});

test("trying now does not wait for the pause, and makes one connection", () => {
  world.wire.onclose?.({ code: 1006 });
  socket.retry();
  socket.retry();
  expect(world.wires.length).toBe(2);
  world.pass(2000);
  expect(world.wires.length).toBe(2);
});

test("a gateway that speaks another protocol is left alone", () => {
  world.wire.say(hello({ protocol: PROTOCOL + 1 }));
  expect(status()?.state).toBe("outdated");
  world.pass(120_000);
  expect(world.wires.length).toBe(1);
});

test("what an old connection still says counts for nothing", () => {
  const old = world.wire;
  old.say(hello());
  old.onclose?.({ code: 1006 });
  world.pass(1000);
  world.wire.say(hello());
  old.say({ type: "snapshot", seq: 1, state: { topic: "keys", keys: [] } });
  old.onclose?.({ code: 1006 });
  expect(told.snapshots).toEqual([]);
  expect(status()?.state).toBe("live");
});
