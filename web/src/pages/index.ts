/** Which pages there are, in the order and the groups of the rail. Each is fetched when it is first opened. */
import type { ComponentType } from "preact";
import type { IconName } from "../parts/icon";

type Loader = () => Promise<{ default: ComponentType }>;

export const PAGES = {
  overview: () => import("./overview"),
  generations: () => import("./generations"),
  logs: () => import("./logs"),
  studio: () => import("./studio"),
  gallery: () => import("./gallery"),
  accounts: () => import("./accounts"),
  captcha: () => import("./captcha"),
  proxies: () => import("./proxies"),
  models: () => import("./models"),
  keys: () => import("./keys"),
  system: () => import("./system"),
  webhooks: () => import("./webhooks"),
  notifications: () => import("./notifications"),
  settings: () => import("./settings"),
  backups: () => import("./backups"),
  account: () => import("./account"),
} satisfies Record<string, Loader>;

export type PageName = keyof typeof PAGES;

export const GROUPS: readonly { name: "watch" | "create" | "supply" | "run"; pages: readonly (PageName & IconName)[] }[] = [
  { name: "watch", pages: ["overview", "generations", "logs"] },
  { name: "create", pages: ["studio", "gallery"] },
  { name: "supply", pages: ["accounts", "captcha", "proxies", "models"] },
  { name: "run", pages: ["keys", "webhooks", "notifications", "system", "settings", "backups"] },
];

export function isPage(name: string): name is PageName {
  return name in PAGES;
}
