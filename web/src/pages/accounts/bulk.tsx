/** What can be done to all that are picked; each act says to how many, and what became of each where not all went well. */
import { useState } from "preact/hooks";
import { act } from "../../act";
import { post } from "../../api";
import type { AccountView, Bulk as Order, BulkResult } from "../../live/protocol.gen";
import { proxies } from "../../live/state";
import { Button } from "../../parts/button";
import { sure } from "../../parts/dialog";
import { type Result, Results } from "../../parts/results";
import { say } from "../../parts/toast";
import { t } from "../../text";
import { Rest } from "./rest";
import { ChooseWay } from "./way";

/** The gateway takes no more in one order. */
const MOST = 500;

interface Props {
  picked: ReadonlySet<string>;
  all: ReadonlyMap<string, AccountView> | null;
  clear: () => void;
}

export function Bulk({ picked, all, clear }: Props) {
  const [resting, setResting] = useState(false);
  const [moving, setMoving] = useState(false);
  const [told, setTold] = useState<readonly Result[] | null>(null);
  // What was removed meanwhile is no longer picked.
  const ids = [...picked].filter((id) => all?.has(id)).slice(0, MOST);
  const doAll = async (action: Order["action"], more: Pick<Order, "until" | "proxy_id"> = {}) => {
    const labels = new Map(ids.map((id) => [id, all?.get(id)?.account.label ?? id]));
    const answer = await act(() => post<BulkResult>("/api/accounts/bulk", { ids, action, ...more } satisfies Order));
    if (!answer) return null;
    const good = answer.results.filter((one) => one.ok).length;
    if (good) say(t("bulk.done", { n: good }));
    if (good < answer.results.length) setTold(answer.results.map(({ id, ok, error }) => ({ id, ok, error, label: labels.get(id) ?? id })));
    clear();
    return answer;
  };
  const remove = async () => {
    if (await sure(t("accounts.remove.title", { n: ids.length }), t("account.remove.body"), t("account.remove"))) await doAll("remove");
  };
  return (
    <>
      {ids.length > 0 && (
        <div class="bulk" role="region" aria-label={t("picked", { n: ids.length })}>
          <strong>{t("picked", { n: ids.length })}</strong>
          <Button onClick={() => doAll("enable")}>{t("account.enable")}</Button>
          <Button onClick={() => doAll("disable")}>{t("account.disable")}</Button>
          <Button onClick={() => doAll("refresh")}>{t("account.refresh")}</Button>
          <Button onClick={() => setResting(true)}>{t("account.rest")}</Button>
          <Button onClick={() => doAll("wake")}>{t("account.wake")}</Button>
          {Boolean(proxies.value?.size) && <Button onClick={() => setMoving(true)}>{t("proxy")}</Button>}
          <Button kind="danger" onClick={remove}>
            {t("account.remove")}
          </Button>
          <Button kind="plain" icon="close" label={t("picked.none")} onClick={clear} />
        </div>
      )}
      {resting && (
        <Rest title={t("accounts.rest.title", { n: ids.length })} onClose={() => setResting(false)} onChosen={(until) => doAll("rest", { until })} />
      )}
      {moving && (
        <ChooseWay title={t("way.title", { n: ids.length })} onClose={() => setMoving(false)} onChosen={(proxy) => doAll("proxy", { proxy_id: proxy || null })} />
      )}
      {told && <Results of={told} onClose={() => setTold(null)} />}
    </>
  );
}
