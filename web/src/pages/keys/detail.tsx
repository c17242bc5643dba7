/** One key: what it may and has spent; changing its limits, revoking it. */
import { useState } from "preact/hooks";
import { KeyState, stateOf } from "../keys";
import { act } from "../../act";
import { del, patch } from "../../api";
import { number } from "../../format";
import type { KeyView } from "../../live/protocol.gen";
import { keys } from "../../live/state";
import { Button } from "../../parts/button";
import { CopyId } from "../../parts/copy";
import { sure } from "../../parts/dialog";
import { Empty, Skeleton } from "../../parts/empty";
import { Field } from "../../parts/field";
import { Facts, Panel } from "../../parts/panel";
import { At } from "../../parts/time";
import { t } from "../../text";
import { bodyOf, LimitFields, limitsOf } from "./limits";

export function Detail({ id, neighbours }: { id: string; neighbours: readonly string[] }) {
  const key = keys.value?.get(id);
  if (!key)
    return (
      <Panel title={t("key")} id={id} neighbours={neighbours}>
        {keys.value ? <Empty title={t("keys.gone")} /> : <Skeleton />}
      </Panel>
    );
  const good = stateOf(key) === "good";
  const revoke = async () => {
    if (await sure(t("keys.revoke.title", { name: key.name }), t("keys.revoke.body"), t("keys.revoke")))
      await act(() => del(`/api/keys/${encodeURIComponent(id)}`), t("keys.revoked.done", { name: key.name }));
  };
  const actions = good && (
    <Button kind="danger" onClick={revoke}>
      {t("keys.revoke")}
    </Button>
  );
  return (
    <Panel title={key.name} id={id} neighbours={neighbours} actions={actions}>
      <div class="line">
        <KeyState of={key} />
        <code>{key.hint}</code>
      </div>
      <Facts
        of={[
          [t("id"), <CopyId key="id" id={key.id} longest={30} />],
          [t("keys.spent.today"), number(key.spent_today)],
          [t("keys.spent.total"), number(key.spent_total)],
          [t("last.used"), <At key="used" at={key.last_used_at} />],
          [t("created"), <At key="created" at={key.created_at} />],
          key.revoked_at !== null && [t("keys.revoked"), <At key="revoked" at={key.revoked_at} />],
        ]}
      />
      {good && <Change key={key.id} of={key} />}
    </Panel>
  );
}

function Change({ of: key }: { of: KeyView }) {
  const [name, setName] = useState(key.name);
  const [limits, setLimits] = useState(limitsOf(key));
  const save = () => act(() => patch(`/api/keys/${encodeURIComponent(key.id)}`, { name: name.trim(), ...bodyOf(limits) }), t("saved"));
  return (
    <section class="stack">
      <h3>{t("keys.limits")}</h3>
      <Field name={t("name")} value={name} onInput={setName} />
      <LimitFields limits={limits} onChange={setLimits} />
      <div>
        <Button disabled={!name.trim()} onClick={save}>
          {t("save")}
        </Button>
      </div>
    </section>
  );
}
