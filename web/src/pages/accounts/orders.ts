/** What can be done to an account, with what is said of it and the way back. */
import { act } from "../../act";
import { del, patch, post } from "../../api";
import { clock } from "../../format";
import type { AccountView, Changes, RestUntil } from "../../live/protocol.gen";
import { sure } from "../../parts/dialog";
import { t } from "../../text";

const one = (id: string) => `/api/accounts/${encodeURIComponent(id)}`;

export const orders = {
  enable: (id: string) => post<AccountView>(`${one(id)}/enable`),
  disable: (id: string) => post<AccountView>(`${one(id)}/disable`),
  wake: (id: string) => post<AccountView>(`${one(id)}/wake`),
  rest: (id: string, until: number) => post<AccountView>(`${one(id)}/rest`, { until } satisfies RestUntil),
  start: (id: string) => post<AccountView>(`${one(id)}/start`),
  refresh: (id: string) => post<AccountView>(`${one(id)}/refresh`),
  renew: (id: string) => post<AccountView>(`${one(id)}/renew`),
  remove: (id: string) => del(one(id)),
};

export function enable({ account: { id, label } }: AccountView) {
  return act(() => orders.enable(id), t("account.did.enable", { label }));
}

export function wake({ account: { id, label } }: AccountView) {
  return act(() => orders.wake(id), t("account.did.wake", { label }));
}

export function rest({ account: { id, label } }: AccountView, until: number) {
  return act(() => orders.rest(id, until), t("account.did.rest", { label, at: clock(until) }), () => act(() => orders.wake(id)));
}

export function start({ account: { id, label } }: AccountView) {
  return act(() => orders.start(id), t("account.did.start", { label }));
}

export function disable({ account: { id, label } }: AccountView) {
  return act(() => orders.disable(id), t("account.did.disable", { label }), () => act(() => orders.enable(id)));
}

export function refresh({ account: { id, label } }: AccountView) {
  return act(() => orders.refresh(id), t("account.did.refresh", { label }));
}

export function renew({ account: { id, label } }: AccountView) {
  return act(() => orders.renew(id), t("account.did.renew", { label }));
}

export function change(id: string, changes: Changes) {
  return act(() => patch<AccountView>(one(id), changes), t("saved"));
}

export async function remove({ account: { id, label } }: AccountView): Promise<boolean> {
  const title = t("account.remove.title", { label });
  if (!(await sure(title, t("account.remove.body"), t("account.remove")))) return false;
  return (await act(() => orders.remove(id).then(() => true), t("account.did.remove", { label }))) ?? false;
}
