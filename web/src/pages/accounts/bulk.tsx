/** What can be done to all that are picked; each act says to how many. */
import { actOnAll } from "../../act";
import type { AccountView } from "../../live/protocol.gen";
import { Button } from "../../parts/button";
import { sure } from "../../parts/dialog";
import { t } from "../../text";
import { orders } from "./orders";

interface Props {
  picked: ReadonlySet<string>;
  all: ReadonlyMap<string, AccountView> | null;
  clear: () => void;
}

export function Bulk({ picked, all, clear }: Props) {
  // What was removed meanwhile is no longer picked.
  const ids = [...picked].filter((id) => all?.has(id));
  if (!ids.length) return null;
  const doAll = (order: (id: string) => Promise<unknown>) => actOnAll(ids, order).then(clear);
  const remove = async () => {
    if (await sure(t("accounts.remove.title", { n: ids.length }), t("account.remove.body"), t("account.remove"))) await doAll(orders.remove);
  };
  return (
    <div class="bulk" role="region" aria-label={t("picked", { n: ids.length })}>
      <strong>{t("picked", { n: ids.length })}</strong>
      <Button onClick={() => doAll(orders.enable)}>{t("account.enable")}</Button>
      <Button onClick={() => doAll(orders.disable)}>{t("account.disable")}</Button>
      <Button onClick={() => doAll(orders.refresh)}>{t("account.refresh")}</Button>
      <Button kind="danger" onClick={remove}>
        {t("account.remove")}
      </Button>
      <Button kind="plain" icon="close" label={t("picked.none")} onClick={clear} />
    </div>
  );
}
