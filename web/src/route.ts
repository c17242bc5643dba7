/**
 * Where the reader is: the page, and with it filters, sorting and the open row, all in `location.hash`. So every view has an
 * address that can be sent to a colleague, and the browser's own buttons work.
 */
import { computed, signal } from "@preact/signals";

export interface Route {
  page: string;
  params: Readonly<Record<string, string>>;
}

export function parse(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  return { page: path || "overview", params: Object.fromEntries(new URLSearchParams(query)) };
}

export function href(page: string, params: Record<string, string | null | undefined> = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) if (value) query.set(name, value);
  const text = query.toString();
  return `#/${page}${text && `?${text}`}`;
}

export const route = signal<Route>(parse(location.hash));
addEventListener("hashchange", () => (route.value = parse(location.hash)));

export const page = computed(() => route.value.page);

export function param(name: string): string {
  return route.value.params[name] ?? "";
}

/** The address of this page with some parameters changed; null takes one out. */
export function hrefWith(changes: Record<string, string | null>): string {
  return href(route.value.page, { ...route.value.params, ...changes });
}

/** Change parameters of this page without a further step in the browser's history. */
export function setParams(changes: Record<string, string | null>): void {
  history.replaceState(null, "", hrefWith(changes));
  route.value = parse(location.hash);
}

/** Open a row beside the list, or close it. Opening is a step in the history, so that "back" closes it. */
export function open(id: string | null): void {
  if (id !== null && !param("open")) location.hash = hrefWith({ open: id });
  else setParams({ open: id });
}
