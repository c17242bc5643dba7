/** The frame round each page: rail with live counts, top with title and the page's main action, what is wrong with the connection. */
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { now } from "./format";
import { clockAhead, draining, numbers, status } from "./live/state";
import { GROUPS, isPage, type PageName } from "./pages";
import { Count, type Tone } from "./parts/badge";
import { Button } from "./parts/button";
import { Dialog } from "./parts/dialog";
import { Icon } from "./parts/icon";
import { Menu } from "./parts/menu";
import { Prefs } from "./parts/prefs";
import { narrow } from "./prefs";
import { href, page } from "./route";
import { retryNow, signOut } from "./session";
import { t } from "./text";

const STALE_SECONDS = 10;
const drawer = signal(false);

/** The main action of the page that is shown; pages set it through `PageAction`. */
const action = signal<ComponentChildren>(null);

/** Puts the page's one main action into the top. */
export function PageAction({ children }: { children: ComponentChildren }) {
  useEffect(() => {
    action.value = children;
    return () => (action.value = null);
  });
  return null;
}

export function Frame({ children }: { children: ComponentChildren }) {
  const stale = lostSeconds() > STALE_SECONDS;
  return (
    <div class={`frame ${narrow.value ? "narrow" : ""} ${stale ? "stale" : ""}`}>
      <nav class="rail" aria-label={t("nav")}>
        <Rail />
        <div class="rail-foot">
          <Button kind="plain" icon="narrow" label={t(narrow.value ? "rail.wide" : "rail.narrow")} onClick={() => (narrow.value = !narrow.value)} />
        </div>
      </nav>
      {drawer.value && (
        <Dialog title={t("nav")} drawer onClose={() => (drawer.value = false)}>
          <nav class="rail" aria-label={t("nav")}>
            <Rail onGo={() => (drawer.value = false)} />
            <div class="rail-foot line">
              <Prefs />
            </div>
          </nav>
        </Dialog>
      )}
      <div class="body">
        <Top />
        <Connection />
        <main class="content">{children}</main>
      </div>
    </div>
  );
}

function Rail({ onGo }: { onGo?: () => void }) {
  return (
    <>
      <a class="brand" href={href("overview")}>
        <img src="./mark.svg" alt="" />
        <span class="word">flow2api</span>
      </a>
      {GROUPS.map((group) => (
        <section key={group.name}>
          <h2>{t(`nav.${group.name}`)}</h2>
          <ul>
            {group.pages.map((name) => (
              <li key={name}>
                <a href={href(name)} onClick={onGo} aria-current={page.value === name ? "page" : undefined} title={t(`page.${name}`)}>
                  <Icon name={name} />
                  <span class="word">{t(`page.${name}`)}</span>
                  <Told name={name} />
                </a>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

function Told({ name }: { name: PageName }) {
  const told = numbers.value;
  if (!told) return null;
  const counts: Partial<Record<PageName, [number, Tone, string]>> = {
    generations: [told.running + told.waiting, "quiet", t("count.live")],
    accounts: [told.accounts["needs_login"] ?? 0, "bad", t("count.login")],
  };
  const count = counts[name];
  return count ? <Count n={count[0]} tone={count[1]} label={count[2]} /> : null;
}

function Top() {
  const name: PageName = isPage(page.value) ? page.value : "overview";
  const title = t(`page.${name}`);
  useEffect(() => void (document.title = `${title} · flow2api`), [title]);
  return (
    <header class="top">
      <span class="menu-button">
        <Button kind="plain" icon="menu" label={t("nav")} onClick={() => (drawer.value = true)} />
      </span>
      <h1>{title}</h1>
      <span class="spring" />
      {action.value}
      <span class="wide-only line">
        <Prefs />
      </span>
      <Menu icon="person" label={t("you")}>
        <a href={href("account")}>{t("page.account")}</a>
        <button type="button" onClick={signOut}>
          {t("signout")}
        </button>
      </Menu>
    </header>
  );
}
function lostSeconds(): number {
  const { state, since } = status.value;
  return state === "lost" ? now.value - clockAhead.value - since / 1000 : 0;
}

/** Says nothing while all is well. */
function Connection() {
  const { state, retryAt } = status.value;
  if (state === "outdated")
    return (
      <div class="notice" role="status">
        {t("connection.outdated")}
        <Button tiny onClick={() => location.reload()}>
          {t("reload")}
        </Button>
      </div>
    );
  if (state === "lost") {
    const left = retryAt === null ? 0 : Math.max(0, Math.ceil(retryAt / 1000 - (now.value - clockAhead.value)));
    return (
      <div class="notice" role="status">
        {left > 0 ? t("connection.lost", { n: left }) : t("connection.trying")}
        <Button tiny onClick={retryNow}>
          {t("connection.now")}
        </Button>
      </div>
    );
  }
  if (draining.value)
    return (
      <div class="notice" role="status">
        {t("connection.draining")}
      </div>
    );
  return null;
}
