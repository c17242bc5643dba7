/** Which proxy an account goes out through, why, and the choice of another: one of the pool by an operator's word, or the pool's own. */
import { useState } from "preact/hooks";
import { act } from "../../act";
import { put } from "../../api";
import type { AccountProxy, ProxyHome, ProxyView } from "../../live/protocol.gen";
import { homes, proxies } from "../../live/state";
import { Button } from "../../parts/button";
import { Dialog } from "../../parts/dialog";
import { Select } from "../../parts/field";
import { href } from "../../route";
import { t } from "../../text";
import { proxyWords } from "../../words";

/** The choice that stands for no choice. */
export const BY_POOL = "";

/** Those that carry requests, and so can be an account's. */
function carriers(): ProxyView[] {
  return [...(proxies.value?.values() ?? [])].filter((one) => one.proxy.roles.includes("requests"));
}

function usable(view: ProxyView): boolean {
  return view.state !== "disabled";
}

/** What can be chosen; `now` is offered even where it could not be chosen anew. */
function options(now: string): (readonly [string, string])[] {
  const some = carriers().filter((one) => usable(one) || one.proxy.id === now);
  return [[BY_POOL, t("way.pool")], ...some.map((one) => [one.proxy.id, `${one.proxy.place} · ${proxyWords(one)}`] as const)];
}

/** Why a call goes out as it does; told by what is known of the account's proxy, `home` and `view` being absent without one. */
export function reason(home: ProxyHome | undefined, view: ProxyView | undefined, any: boolean): string {
  if (!any) return t("way.direct");
  if (!home || !view) return t("way.next");
  if (view.state === "healthy") return t(home.fixed ? "way.fixed" : "way.kept");
  if (!home.fixed) return t("way.moves", { state: proxyWords(view) });
  return t(view.state === "disabled" ? "way.fixed.disabled" : "way.fixed.rests", { state: proxyWords(view) });
}

export function Way({ id, label }: { id: string; label: string }) {
  if (!proxies.value || !homes.value) return null;
  const home = homes.value[id];
  const view = home && proxies.value.get(home.proxy_id);
  const any = carriers().length > 0;
  const fixed = home?.fixed && view ? home.proxy_id : BY_POOL;
  const choose = (proxy: string) => {
    const order = (to: string) => () => put(`/api/accounts/${encodeURIComponent(id)}/proxy`, { proxy_id: to || null } satisfies AccountProxy);
    const place = proxies.value?.get(proxy)?.proxy.place ?? "";
    return act(order(proxy), proxy ? t("way.did", { label, place }) : t("way.did.pool", { label }), () => act(order(fixed)));
  };
  return (
    <section class="stack tight">
      <h3>{t("proxy")}</h3>
      <p>
        {view ? <a href={href("proxies", { open: view.proxy.id })}>{view.proxy.place}</a> : t(any ? "way.none.yet" : "direct")}
      </p>
      <p class="soft small">{reason(home, view, any)}</p>
      {any ? (
        <Select name={t("way.choose")} value={fixed} options={options(fixed)} onChange={choose} />
      ) : (
        <a href={href("proxies")}>{t("proxies.add")}</a>
      )}
    </section>
  );
}

/** The choice for several accounts at once. */
export function ChooseWay({ title, onClose, onChosen }: { title: string; onClose: () => void; onChosen: (proxy: string) => Promise<unknown> }) {
  const [proxy, setProxy] = useState(BY_POOL);
  const send = async () => {
    if ((await onChosen(proxy)) !== null) onClose();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form class="stack" onSubmit={(event) => event.preventDefault()}>
        <Select name={t("way.choose")} explains={t("way.choose.explains")} value={proxy} options={options(BY_POOL)} onChange={setProxy} />
        <footer>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="main" submit onClick={send}>
            {t("way.do")}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
