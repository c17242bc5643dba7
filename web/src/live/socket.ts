/**
 * The one websocket: connects, asks for topics, answers beats, notices gaps and silence, comes back after a growing pause.
 * It knows nothing of what the frames mean for the page; that is `state.ts`. After each return everything comes as new snapshots.
 */
import { type ClientFrame, type Hello, type LiveEvent, PROTOCOL, type ServerFrame, type TopicName, type TopicState } from "./protocol.gen";

export const CLOSE_SIGNED_OUT = 4401;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
/** Before `hello` nobody knows the beat. */
const HELLO_WITHIN_MS = 15_000;

export interface Status {
  state: "connecting" | "live" | "lost" | "outdated";
  /** When it came to this, in milliseconds since 1970. */
  since: number;
  /** When the next try comes, for `lost`. */
  retryAt: number | null;
}

/** What is used of a WebSocket. */
export interface Wire {
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  send(text: string): void;
  close(): void;
}

/** What the socket tells. */
export interface Sink {
  status(status: Status): void;
  hello(frame: Hello): void;
  snapshot(state: TopicState): void;
  events(events: LiveEvent[]): void;
  draining(): void;
  /** A connection was refused or ended in a way that may mean the end of the session. */
  doubt(): void;
  signedOut(): void;
}

/** What it needs from the world. */
export interface Surroundings {
  connect(): Wire;
  now(): number;
  later(ms: number, action: () => void): () => void;
  chance(): number;
}

export class LiveSocket {
  private wire: Wire | null = null;
  private topics: readonly TopicName[] = [];
  private seq = 0;
  private beatMs: number | null = null;
  private failures = 0;
  private lostSince: number | null = null;
  private stopped = true;
  private cancelTimer: () => void = () => undefined;

  constructor(
    private readonly sink: Sink,
    private readonly world: Surroundings,
  ) {}

  start(): void {
    if (!this.stopped) return;
    this.stopped = false;
    this.connect();
  }

  stop(): void {
    this.stopped = true;
    this.drop();
  }

  /** Show these topics and no others. */
  show(topics: readonly TopicName[]): void {
    if (topics.join() === this.topics.join()) return;
    this.topics = topics;
    if (this.beatMs !== null) this.send({ type: "subscribe", topics: [...topics] });
  }

  /** Try at once instead of at the end of the pause. */
  retry(): void {
    if (this.stopped || this.wire !== null) return;
    this.connect();
  }

  private connect(): void {
    this.cancelTimer();
    const wire = this.world.connect();
    this.wire = wire;
    this.seq = 0;
    this.beatMs = null;
    if (this.lostSince === null) this.sink.status({ state: "connecting", since: this.world.now(), retryAt: null });
    wire.onmessage = (event) => this.wire === wire && this.take(JSON.parse(String(event.data)) as ServerFrame);
    wire.onclose = (event) => this.wire === wire && this.lost(event.code);
    this.watch(HELLO_WITHIN_MS);
  }

  private take(frame: ServerFrame): void {
    if (this.beatMs !== null) this.watch(2 * this.beatMs);
    switch (frame.type) {
      case "hello":
        return this.greet(frame);
      case "snapshot":
        if (this.inOrder(frame.seq)) this.sink.snapshot(frame.state);
        return;
      case "events":
        if (this.inOrder(frame.seq)) this.sink.events(frame.events);
        return;
      case "beat":
        return this.send({ type: "ping" });
      case "draining":
        return this.sink.draining();
      case "error":
        console.warn("live:", frame.code, frame.message);
        return;
      case "pong":
        return;
    }
  }

  private greet(frame: Hello): void {
    if (frame.protocol !== PROTOCOL) {
      this.stop();
      this.sink.status({ state: "outdated", since: this.world.now(), retryAt: null });
      return;
    }
    this.beatMs = frame.beat_seconds * 1000;
    this.failures = 0;
    this.lostSince = null;
    this.watch(2 * this.beatMs);
    this.sink.hello(frame);
    this.sink.status({ state: "live", since: this.world.now(), retryAt: null });
    this.send({ type: "subscribe", topics: [...this.topics] });
  }

  /** A gap means that we no longer know what we think we know. */
  private inOrder(seq: number): boolean {
    this.seq += 1;
    if (seq === this.seq) return true;
    this.lost(0);
    return false;
  }

  private lost(code: number): void {
    const greeted = this.beatMs !== null;
    this.drop();
    if (code === CLOSE_SIGNED_OUT) {
      this.stopped = true;
      this.sink.signedOut();
      return;
    }
    this.lostSince ??= this.world.now();
    const whole = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.failures);
    const pause = whole * (0.75 + this.world.chance() / 2);
    this.failures += 1;
    this.sink.status({ state: "lost", since: this.lostSince, retryAt: this.world.now() + pause });
    this.cancelTimer = this.world.later(pause, () => this.connect());
    if (!greeted) this.sink.doubt();
  }

  private watch(ms: number): void {
    this.cancelTimer();
    this.cancelTimer = this.world.later(ms, () => this.lost(0));
  }

  private drop(): void {
    this.cancelTimer();
    const wire = this.wire;
    this.wire = null;
    this.beatMs = null;
    wire?.close();
  }

  private send(frame: ClientFrame): void {
    this.wire?.send(JSON.stringify(frame));
  }
}
