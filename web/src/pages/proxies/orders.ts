/** What can be done to a proxy, with what is said of it. */
import { act } from "../../act";
import { del, post } from "../../api";
import { duration } from "../../format";
import type { ProxyTest, ProxyView } from "../../live/protocol.gen";
import { sure } from "../../parts/dialog";
import { complain, say } from "../../parts/toast";
import { t } from "../../text";

const one = (id: string) => `/api/proxies/${encodeURIComponent(id)}`;

export const orders = {
  enable: (id: string) => post<ProxyView>(`${one(id)}/enable`),
  disable: (id: string) => post<ProxyView>(`${one(id)}/disable`),
  test: (id: string) => post<ProxyTest>(`${one(id)}/test`),
  remove: (id: string) => del(one(id)),
};

export function enable({ proxy }: ProxyView) {
  return act(() => orders.enable(proxy.id), t("proxy.did.enable", { place: proxy.place }));
}

export function disable({ proxy }: ProxyView) {
  const back = () => act(() => orders.enable(proxy.id));
  return act(() => orders.disable(proxy.id), t("proxy.did.disable", { place: proxy.place }), back);
}

export async function test({ proxy }: ProxyView): Promise<void> {
  const told = await act(() => orders.test(proxy.id));
  if (!told) return;
  if (told.ok) say(t("proxy.test.good", { place: proxy.place, n: duration(told.seconds) }));
  else complain(t("proxy.test.bad", { place: proxy.place, why: told.error }));
}

export async function remove({ proxy, accounts }: ProxyView): Promise<void> {
  if (!(await sure(t("proxy.remove.title", { place: proxy.place }), t("proxy.remove.body", { n: accounts }), t("remove")))) return;
  await act(() => orders.remove(proxy.id), t("proxy.did.remove", { place: proxy.place }));
}
