/** Every word that a person reads comes through here, in the language that is chosen now. */
import { language } from "../prefs";
import { en } from "./en";
import { zh } from "./zh";

export type Key = keyof typeof en;
export type Values = Record<string, string | number>;

const ALL = { en, zh } as const;

/** The text of a key. `{name}` is replaced; of "one thing|{n} things" the first is taken where `n` is 1. */
export function t(key: Key, values: Values = {}): string {
  const [one, many] = ALL[language.value][key].split("|", 2) as [string, string?];
  const chosen = many !== undefined && Number(values.n) !== 1 ? many : one;
  return chosen.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** The text of a key that is put together from data; the data's own word where there is none. */
export function word(prefix: string, name: string, values: Values = {}): string {
  const key = `${prefix}.${name}`;
  return key in en ? t(key as Key, values) : name.replaceAll("_", " ");
}

export function known(key: string): key is Key {
  return key in en;
}
