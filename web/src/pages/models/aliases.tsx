/** Further names for models, added at run time. */
import { useState } from "preact/hooks";
import { act, describe } from "../../act";
import { del, put } from "../../api";
import type { AliasView, ModelView, NewAlias } from "../../live/protocol.gen";
import { Badge } from "../../parts/badge";
import { Button } from "../../parts/button";
import { Dialog } from "../../parts/dialog";
import { Field, Select } from "../../parts/field";
import { say } from "../../parts/toast";
import { t } from "../../text";

const one = (name: string) => `/api/aliases/${encodeURIComponent(name)}`;

export function Aliases({ rows, again }: { rows: readonly AliasView[]; again: () => Promise<void> }) {
  if (!rows.length) return null;
  const remove = async (alias: AliasView) => {
    const back = async () => {
      const body: NewAlias = { target: alias.target };
      await act(() => put(one(alias.name), body));
      await again();
    };
    await act(() => del(one(alias.name)), t("models.name.removed", { name: alias.name }), back);
    await again();
  };
  return (
    <section class="card" aria-label={t("models.aliases")}>
      <header>
        <h2>{t("models.aliases")}</h2>
      </header>
      <ul class="rows">
        {rows.map((alias) => (
          <li key={alias.name}>
            <span class="grow">
              <code>{alias.name}</code> <span class="soft">→ {alias.target}</span>
            </span>
            {!alias.offered && <Badge tone="resting">{t("models.off")}</Badge>}
            <Button tiny onClick={() => remove(alias)}>
              {t("remove")}
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function NewName({ models, onClose, onDone }: { models: readonly ModelView[]; onClose: () => void; onDone: () => void }) {
  const [name, setName] = useState("");
  const [target, setTarget] = useState(models[0]?.id ?? "");
  const [wrong, setWrong] = useState<string | null>(null);
  const save = async () => {
    setWrong(null);
    try {
      const body: NewAlias = { target };
      await put(one(name.trim()), body);
      say(t("models.name.added", { name: name.trim() }));
      onDone();
      onClose();
    } catch (error) {
      setWrong(describe(error));
    }
  };
  return (
    <Dialog title={t("models.name.new")} onClose={onClose}>
      <form class="stack" onSubmit={(event) => event.preventDefault()}>
        <Field name={t("name")} explains={t("models.name.explains")} value={name} onInput={setName} wrong={wrong} autoFocus />
        <Select name={t("model")} value={target} options={models.map((one) => [one.id, `${one.title} (${one.id})`] as const)} onChange={setTarget} />
        <footer>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="main" submit disabled={!name.trim()} onClick={save}>
            {t("save")}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
