/** The secrets that sign webhooks: one for all, or one of a key's own; each is shown once. */
import { useState } from "preact/hooks";
import { act } from "../../act";
import { del, post } from "../../api";
import type { HolderList, SetSecret } from "../../live/protocol.gen";
import { keys } from "../../live/state";
import { Button } from "../../parts/button";
import { CopyBlock } from "../../parts/copy";
import { Dialog, sure } from "../../parts/dialog";
import { Fault } from "../../parts/empty";
import { Select } from "../../parts/field";
import { Ago } from "../../parts/time";
import { useAsked } from "../../parts/use";
import { t } from "../../text";

const ALL = "default";

const one = (holder: string) => `/api/webhooks/secrets/${encodeURIComponent(holder)}`;

function called(holder: string): string {
  return holder === ALL ? t("webhooks.secret.all") : (keys.value?.get(holder)?.name ?? holder);
}

export function Secrets() {
  const { data, error, again } = useAsked<HolderList>("/api/webhooks/secrets");
  const [making, setMaking] = useState(false);
  const remove = async (holder: string) => {
    if (!(await sure(t("webhooks.secret.remove.title", { name: called(holder) }), t("webhooks.secret.remove.body"), t("remove")))) return;
    await act(() => del(one(holder)), t("webhooks.secret.removed"));
    await again();
  };
  return (
    <section class="card" aria-label={t("webhooks.secrets")}>
      <header>
        <h2>{t("webhooks.secrets")}</h2>
        <Button onClick={() => setMaking(true)}>{t("webhooks.secret.make")}</Button>
      </header>
      {error !== null && <Fault error={error} again={again} />}
      {data?.secrets.length === 0 && <p class="soft">{t("webhooks.secrets.none")}</p>}
      <ul class="rows">
        {data?.secrets.map((held) => (
          <li key={held.holder}>
            <span class="grow">{called(held.holder)}</span>
            <span class="soft small">
              <Ago at={held.created_at} />
            </span>
            <Button tiny kind="danger" onClick={() => remove(held.holder)}>
              {t("remove")}
            </Button>
          </li>
        ))}
      </ul>
      {making && <Make onClose={() => setMaking(false)} onMade={again} />}
    </section>
  );
}

function Make({ onClose, onMade }: { onClose: () => void; onMade: () => void }) {
  const [holder, setHolder] = useState(ALL);
  const [made, setMade] = useState<SetSecret | null>(null);
  const usable = [...(keys.value?.values() ?? [])].filter((key) => key.revoked_at === null);
  const make = async () => {
    setMade(await act(() => post<SetSecret>(one(holder), {})));
    onMade();
  };
  return (
    <Dialog title={t("webhooks.secret.make")} onClose={onClose}>
      {made ? (
        <>
          <p>{t("webhooks.secret.once")}</p>
          <CopyBlock text={made.secret} label={t("webhooks.secret.make")} />
          <footer>
            <Button kind="main" onClick={onClose}>
              {t("done")}
            </Button>
          </footer>
        </>
      ) : (
        <form class="stack" onSubmit={(event) => event.preventDefault()}>
          <Select
            name={t("webhooks.secret.for")}
            explains={t("webhooks.secret.for.explains")}
            value={holder}
            options={[[ALL, t("webhooks.secret.all")], ...usable.map((key) => [key.id, key.name] as const)]}
            onChange={setHolder}
          />
          <footer>
            <Button onClick={onClose}>{t("cancel")}</Button>
            <Button kind="main" submit onClick={make}>
              {t("webhooks.secret.make")}
            </Button>
          </footer>
        </form>
      )}
    </Dialog>
  );
}
