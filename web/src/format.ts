/** Numbers, times and sizes in the reader's language. */
import { type ReadonlySignal, effect, signal } from "@preact/signals";
import { language } from "./prefs";
import { t } from "./text";

/** Unix seconds by the gateway's clock, moved on once a second; what shows an age reads it. */
export const now = signal(Date.now() / 1000);

/** Keep `now` going, so many seconds ahead of this machine's clock. */
export function followClock(ahead: ReadonlySignal<number>): void {
  const tick = () => (now.value = Date.now() / 1000 + ahead.value);
  effect(() => void tick());
  setInterval(() => document.hidden || tick(), 1000);
}

const made = new Map<string, unknown>();

/** Formatters are slow to make, so each is made once. */
function formatter<F>(kind: string, make: (locale: string) => F): F {
  const locale = language.value === "zh" ? "zh-CN" : navigator.language.startsWith("en") ? navigator.language : "en";
  const key = `${kind} ${locale}`;
  const known = made.get(key) as F | undefined;
  if (known !== undefined) return known;
  const fresh = make(locale);
  made.set(key, fresh);
  return fresh;
}

export function number(value: number, digits = 0): string {
  return formatter(`number${digits}`, (l) => new Intl.NumberFormat(l, { maximumFractionDigits: digits })).format(value);
}

export function percent(share: number): string {
  return formatter("percent", (l) => new Intl.NumberFormat(l, { style: "percent", maximumFractionDigits: 1 })).format(share);
}

export function exactTime(at: number): string {
  const make = (l: string) => new Intl.DateTimeFormat(l, { dateStyle: "medium", timeStyle: "medium" });
  return formatter("exact", make).format(at * 1000);
}

/** A time of day, with the day where it is another than today. */
export function clock(at: number): string {
  const today = new Date(at * 1000).toDateString() === new Date(now.peek() * 1000).toDateString();
  const time = formatter("clock", (l) => new Intl.DateTimeFormat(l, { hour: "2-digit", minute: "2-digit" }));
  const day = formatter("day", (l) =>
    new Intl.DateTimeFormat(l, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" }),
  );
  return (today ? time : day).format(at * 1000);
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];

export function relative(at: number, from = now.value): string {
  const apart = at - from;
  const words = formatter("relative", (l) => new Intl.RelativeTimeFormat(l, { numeric: "auto", style: "short" }));
  for (const [unit, seconds] of STEPS)
    if (Math.abs(apart) >= seconds) return words.format(Math.trunc(apart / seconds), unit);
  return Math.abs(apart) < 5 ? t("time.now") : words.format(Math.trunc(apart / 5) * 5, "second");
}

/** How long something takes: 4.2 s, 3 min 20 s, 2 h 5 min. */
export function duration(seconds: number): string {
  if (seconds < 1) return t("time.ms", { n: number(seconds * 1000) });
  if (seconds < 60) return t("time.s", { n: number(seconds, seconds < 10 ? 1 : 0) });
  const whole = Math.round(seconds);
  if (whole < 3600) return pair("time.min", Math.floor(whole / 60), "time.s", whole % 60);
  if (whole < 86400) return pair("time.h", Math.floor(whole / 3600), "time.min", Math.floor((whole % 3600) / 60));
  return pair("time.d", Math.floor(whole / 86400), "time.h", Math.floor((whole % 86400) / 3600));
}

type Unit = "time.s" | "time.min" | "time.h" | "time.d";

function pair(large: Unit, many: number, small: Unit, few: number): string {
  const first = t(large, { n: number(many) });
  return few ? `${first} ${t(small, { n: number(few) })}` : first;
}

export function bytes(size: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const step = size < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(size) / 3));
  return `${number(size / 1000 ** step, step > 0 ? 1 : 0)} ${units[step]}`;
}

/** An identifier cut in its middle, where it tells least. */
export function shortened(id: string, longest = 18): string {
  if (id.length <= longest) return id;
  const side = Math.floor((longest - 1) / 2);
  return `${id.slice(0, longest - 1 - side)}…${id.slice(-side)}`;
}

/** A moment as `datetime-local` writes it, in the reader's own zone; empty for none. */
export function written(at: number | null): string {
  if (at === null) return "";
  const date = new Date(at * 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** The moment that `datetime-local` wrote. */
export function meant(text: string): number {
  return new Date(text).getTime() / 1000;
}
