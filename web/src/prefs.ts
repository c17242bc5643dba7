/** What this browser remembers of its user's taste: language, theme, width of the rail, columns. Never a secret. */
import { computed, effect, signal } from "@preact/signals";

export type Language = "en" | "zh";
export type Theme = "system" | "light" | "dark";

function kept(name: string): string | null {
  try {
    return localStorage.getItem(`flow2api.${name}`);
  } catch {
    return null; // storage may be forbidden; then nothing is remembered
  }
}

export function keep(name: string, value: string): void {
  try {
    localStorage.setItem(`flow2api.${name}`, value);
  } catch {
    // as above
  }
}

export function keptList(name: string): string[] | null {
  const text = kept(name);
  return text === null ? null : text.split(",").filter(Boolean);
}

function firstLanguage(): Language {
  const chosen = kept("language") ?? navigator.language;
  return chosen.toLowerCase().startsWith("zh") ? "zh" : "en";
}

function firstTheme(): Theme {
  const chosen = kept("theme");
  return chosen === "light" || chosen === "dark" ? chosen : "system";
}

export const language = signal<Language>(firstLanguage());
export const theme = signal<Theme>(firstTheme());
const dark = typeof matchMedia === "function" ? matchMedia("(prefers-color-scheme: dark)") : null;
const systemDark = signal(dark?.matches ?? false);
dark?.addEventListener("change", (event) => (systemDark.value = event.matches));
/** What is seen now, for what is drawn and not styled. */
export const shownTheme = computed(() => (theme.value === "system" ? (systemDark.value ? "dark" : "light") : theme.value));
export const narrow = signal(kept("narrow") === "yes");

/** Carry the choices into the document, and keep them. */
export function applyPrefs(): void {
  effect(() => {
    keep("language", language.value);
    document.documentElement.lang = language.value === "zh" ? "zh-Hans" : "en";
  });
  effect(() => {
    keep("theme", theme.value);
    if (theme.value === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme.value;
  });
  effect(() => keep("narrow", narrow.value ? "yes" : "no"));
}
