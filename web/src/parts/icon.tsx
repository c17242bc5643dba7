/** Line drawings of 24 by 24; decoration only, the word stands beside or in a label. */
const SHAPES = {
  overview: "M4 13h6V4H4zM14 9h6V4h-6zM4 20h6v-3H4zM14 20h6v-7h-6z",
  generations: "M4 6h10M4 12h16M4 18h7M18 4v4M16 6h4",
  logs: "M6 3h9l4 4v14H6zM9 12h7M9 16h7M9 8h3",
  studio: "M12 3l2 6 6 2-6 2-2 6-2-6-6-2 6-2zM19 16v4M17 18h4",
  gallery: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15 9h.01",
  accounts: "M9 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM2 21c0-4 3-6 7-6s7 2 7 6M16 3.5a4 4 0 0 1 0 7M18 15c2.5.7 4 2.6 4 6",
  captcha: "M3 5h18v14H3zM3 9h18M6.5 7h.01M9 7h.01M9 14l2 2 4-4",
  proxies: "M3 12h4M17 12h4M7 8h10v8H7zM10 12h4",
  models: "M12 3l8 4.5v9L12 21l-8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9",
  keys: "M15 9a4 4 0 1 0-4.5 4L9 15H7v2H5v3H2v-3l6-6",
  system: "M12 3v5M5 16v-3h14v3M12 8v5M3 16h4v4H3zM10 16h4v4h-4zM17 16h4v4h-4zM9 3h6v5H9z",
  webhooks: "M9 8a4 4 0 1 1 6 3l3 5M8 20a4 4 0 1 1 1-7h6M18 21a3 3 0 1 0 0-6 3 3 0 0 0-2 1M10 10l-3 5",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5",
  backups: "M4 6c0-3 16-3 16 0s-16 3-16 0zM4 6v12c0 3 16 3 16 0V6M4 12c0 3 16 3 16 0",
  notifications: "M6 16V11a6 6 0 0 1 12 0v5l2 2H4zM10 21h4",
  menu: "M4 6h16M4 12h16M4 18h16",
  close: "M6 6l12 12M18 6L6 18",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16 16l5 5",
  up: "M6 15l6-6 6 6",
  down: "M6 9l6 6 6-6",
  left: "M15 6l-6 6 6 6",
  right: "M9 6l6 6-6 6",
  plus: "M12 5v14M5 12h14",
  copy: "M9 9h11v11H9zM15 9V4H4v11h5",
  check: "M5 12l5 5 9-10",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  columns: "M4 5h16v14H4zM10 5v14M15 5v14",
  theme: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 3v18M12 7l4 2M12 12h6M12 17l4-2",
  language: "M3 6h10M8 4v2M11 6c-1 4-4 7-7 8M5 9c1 3 4 5 7 6M13 20l4-10 4 10M14.5 17h5",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c0-4 4-6 8-6s8 2 8 6",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  upload: "M12 16V5M7 9l5-5 5 5M5 20h14",
  again: "M20 11a8 8 0 1 0-2 6M20 4v7h-7",
  stop: "M7 7h10v10H7z",
  play: "M8 5l11 7-11 7z",
  pause: "M8 5v14M16 5v14",
  bin: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10 11v5M14 11v5",
  narrow: "M4 5h16v14H4zM9 5v14M15 10l-2 2 2 2",
} as const;

export type IconName = keyof typeof SHAPES;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon-shape" viewBox="0 0 24 24" aria-hidden="true">
      <path d={SHAPES[name]} />
    </svg>
  );
}
