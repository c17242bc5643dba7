/** One account: how it stands and what to do, its switches and limits, what it did. */
import { useState } from "preact/hooks";
import { number } from "../../format";
import type { AccountView } from "../../live/protocol.gen";
import { accounts } from "../../live/state";
import { Badge } from "../../parts/badge";
import { Button } from "../../parts/button";
import { CopyId } from "../../parts/copy";
import { Empty, Skeleton } from "../../parts/empty";
import { Check, Field } from "../../parts/field";
import { Facts, Panel } from "../../parts/panel";
import { Ago, At } from "../../parts/time";
import { href, open } from "../../route";
import { known, t, word } from "../../text";
import { accountTone, standingWords } from "../../words";
import { NewLogin } from "./add";
import { change, disable, enable, refresh, remove, renew, rest, start, wake } from "./orders";
import { Rest } from "./rest";
import { Way } from "./way";

export function Detail({ id, neighbours }: { id: string; neighbours: readonly string[] }) {
  const [signingIn, setSigningIn] = useState(false);
  const [resting, setResting] = useState(false);
  const view = accounts.value?.get(id);
  if (!view)
    return (
      <Panel title={t("account")} id={id} neighbours={neighbours}>
        {accounts.value ? <Empty title={t("account.gone")} /> : <Skeleton />}
      </Panel>
    );
  const { account } = view;
  return (
    <Panel title={account.label} id={id} neighbours={neighbours} actions={<Actions view={view} onLogin={() => setSigningIn(true)} onRest={() => setResting(true)} />}>
      {view.parked && <Parked view={view} />}
      <Standing view={view} />
      <Limits key={id} view={view} />
      <Way id={id} label={account.label} />
      <section class="stack tight">
        <h3>{t("account.did")}</h3>
        <Facts
          of={[
            [t("today"), t("account.counts", { images: number(account.counts.images_today), videos: number(account.counts.videos_today), errors: number(account.counts.errors_today) })],
            [t("in.all"), t("account.counts", { images: number(account.counts.images), videos: number(account.counts.videos), errors: number(account.counts.errors) })],
            [t("last.used"), <Ago key="used" at={account.last_used_at} />],
            [t("generations"), <a key="jobs" href={href("generations", { account: id })}>{t("account.generations")}</a>],
          ]}
        />
      </section>
      <section class="stack tight">
        <h3>{t("account.who")}</h3>
        <Facts
          of={[
            [t("id"), <CopyId key="id" id={account.id} longest={30} />],
            [t("provider"), word("provider", account.provider)],
            account.base_url !== null && [t("base.url"), account.base_url],
            account.email !== null && [t("email"), account.email],
            [t("tier"), word("tier", account.tier)],
            [t("credits"), account.credits === null ? "–" : number(account.credits)],
            [t("login.until"), <At key="login" at={account.login_expires_at} />],
            [t("created"), <At key="created" at={account.created_at} />],
          ]}
        />
      </section>
      {resting && <Rest title={t("account.rest.title", { label: account.label })} onClose={() => setResting(false)} onChosen={(until) => rest(view, until)} />}
      {signingIn && <NewLogin view={view} onClose={() => setSigningIn(false)} />}
    </Panel>
  );
}

/** Its worker has given up; nothing else on this account works until it is started again. */
function Parked({ view }: { view: AccountView }) {
  return (
    <div class="fault" role="alert">
      <strong>{t("account.parked")}</strong>
      <span>{view.parked}</span>
      <span>{t("account.parked.todo")}</span>
      <div>
        <Button kind="main" icon="again" onClick={() => start(view)}>
          {t("account.start")}
        </Button>
      </div>
    </div>
  );
}

function Standing({ view }: { view: AccountView }) {
  const { standing, last_error, model_rests, errors_in_row } = view.account;
  const usual = `todo.account.${standing.state}`;
  const todo = known(`${usual}.${standing.code}`) ? `${usual}.${standing.code}` : usual;
  return (
    <section class="stack tight">
      <div class="line">
        <Badge tone={accountTone(view)}>{standingWords(view)}</Badge>
        {standing.since > 0 && (
          <span class="soft small">
            {t("since")} <Ago at={standing.since} />
          </span>
        )}
      </div>
      {standing.detail && <p>{standing.detail}</p>}
      {known(todo) && <p class="hint">{t(todo)}</p>}
      {last_error && errors_in_row > 0 && (
        <p class="soft small">
          {t("account.last.error", { n: errors_in_row })} {last_error}
        </p>
      )}
      {Object.entries(model_rests).map(([model, rest]) => (
        <p key={model} class="small">
          <code>{model}</code> {rest.until ? t("account.model.rests.until") : t("account.model.rests")} {rest.until && <At at={rest.until} />}
          <span class="soft"> {rest.detail}</span>
        </p>
      ))}
    </section>
  );
}

function Limits({ view }: { view: AccountView }) {
  const { account } = view;
  const [label, setLabel] = useState(account.label);
  const [note, setNote] = useState(account.note);
  const [group, setGroup] = useState(account.group);
  const [images, setImages] = useState(String(account.image_concurrency));
  const [videos, setVideos] = useState(String(account.video_concurrency));
  const same =
    label === account.label && note === account.note && group === account.group && Number(images) === account.image_concurrency && Number(videos) === account.video_concurrency;
  const save = () =>
    change(account.id, { label, note, group, image_concurrency: Number(images), video_concurrency: Number(videos) });
  return (
    <section class="stack">
      <h3>{t("account.limits")}</h3>
      <div class="line">
        <Check name={t("account.images.on")} checked={account.images_on} onChange={(on) => change(account.id, { images_on: on })} />
        <Check name={t("account.videos.on")} checked={account.videos_on} onChange={(on) => change(account.id, { videos_on: on })} />
      </div>
      <div class="pair">
        <Field name={t("account.images.at.once")} type="number" min={1} max={100} value={images} onInput={setImages} />
        <Field name={t("account.videos.at.once")} type="number" min={1} max={100} value={videos} onInput={setVideos} />
      </div>
      <Field name={t("label")} value={label} onInput={setLabel} />
      <div class="pair">
        <Field name={t("group")} value={group} onInput={setGroup} />
        <Field name={t("note")} value={note} onInput={setNote} />
      </div>
      <div>
        <Button disabled={same} onClick={save}>
          {t("save")}
        </Button>
      </div>
    </section>
  );
}

function Actions({ view, onLogin, onRest }: { view: AccountView; onLogin: () => void; onRest: () => void }) {
  const { standing: { state }, model_rests } = view.account;
  const rests = state === "resting" || state === "exhausted";
  const some = state === "active" && Object.keys(model_rests).length > 0;
  const removed = async () => {
    if (await remove(view)) open(null);
  };
  return (
    <>
      {state === "needs_login" && (
        <Button kind="main" onClick={onLogin}>
          {t("account.login")}
        </Button>
      )}
      {state === "disabled" && (
        <Button kind="main" onClick={() => enable(view)}>
          {t("account.enable")}
        </Button>
      )}
      {(rests || some) && (
        <Button kind="main" onClick={() => wake(view)}>
          {t("account.wake")}
        </Button>
      )}
      {(rests || state === "active") && <Button onClick={onRest}>{t("account.rest")}</Button>}
      {state !== "disabled" && <Button onClick={() => disable(view)}>{t("account.disable")}</Button>}
      <Button onClick={() => refresh(view)}>{t("account.refresh")}</Button>
      {state !== "needs_login" && <Button onClick={onLogin}>{t("account.login")}</Button>}
      <Button onClick={() => renew(view)} title={t("account.renew.explains")}>
        {t("account.renew")}
      </Button>
      <Button kind="danger" onClick={removed}>
        {t("account.remove")}
      </Button>
    </>
  );
}
