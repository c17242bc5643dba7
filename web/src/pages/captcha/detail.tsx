/** One tab: its figures, and a picture of it when asked for. */
import { useState } from "preact/hooks";
import { address } from "../../api";
import { duration, number } from "../../format";
import type { TabView } from "../../live/protocol.gen";
import { Button } from "../../parts/button";
import { Facts, Panel } from "../../parts/panel";
import { At } from "../../parts/time";
import { t, word } from "../../text";
import { recycle } from "./orders";

export function Detail({ tab, neighbours }: { tab: TabView; neighbours: readonly string[] }) {
  const [taken, setTaken] = useState(0);
  const [failed, setFailed] = useState(false);
  const look = () => {
    setFailed(false);
    setTaken(Date.now());
  };
  const actions = (
    <>
      <Button onClick={look}>{t(taken ? "captcha.picture.again" : "captcha.picture")}</Button>
      <Button onClick={() => recycle(tab)}>{t("captcha.recycle")}</Button>
    </>
  );
  return (
    <Panel title={t("captcha.tab.n", { n: tab.id })} id={String(tab.id)} neighbours={neighbours} actions={actions}>
      <Facts
        of={[
          [t("state"), word("tab", tab.state)],
          [t("captcha.page"), tab.page],
          [t("captcha.exit"), tab.exit || t("direct")],
          [t("captcha.tokens"), number(tab.tokens)],
          [t("failures"), number(tab.failures)],
          [t("latency.last"), tab.latency_seconds ? duration(tab.latency_seconds) : "–"],
          [t("opened"), <At key="opened" at={tab.opened_at} />],
          [t("last.used"), <At key="used" at={tab.used_at} />],
        ]}
      />
      {taken > 0 &&
        (failed ? (
          <p class="bad-text">{t("captcha.picture.none")}</p>
        ) : (
          <figure class="media">
            <img src={address(`/api/captcha/tabs/${tab.id}/picture?${taken}`)} alt={t("captcha.tab.n", { n: tab.id })} onError={() => setFailed(true)} />
          </figure>
        ))}
    </Panel>
  );
}
