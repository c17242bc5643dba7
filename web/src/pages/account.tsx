/** Who is signed in: the password, the second factor, where else one is signed in, and what was done. */
import { useState } from "preact/hooks";
import { act, describe } from "../act";
import { del } from "../api";
import type { AuditPage, SessionList, SessionView } from "../live/protocol.gen";
import { Badge } from "../parts/badge";
import { Button } from "../parts/button";
import { Fault, Skeleton } from "../parts/empty";
import { Field } from "../parts/field";
import { LEAST_LENGTH, Strength } from "../parts/strength";
import { Ago } from "../parts/time";
import { say } from "../parts/toast";
import { useAsked } from "../parts/use";
import { changePassword } from "../session";
import { t, word } from "../text";
import { agentWords } from "../words";
import { SecondFactor } from "./account/second-factor";

export default function Account() {
  return (
    <>
      <div class="columns">
        <section class="card stack">
          <h2>{t("password")}</h2>
          <Password />
        </section>
        <section class="card stack">
          <h2>{t("factor")}</h2>
          <SecondFactor />
        </section>
      </div>
      <section class="card stack">
        <Sessions />
      </section>
      <section class="card stack">
        <h2>{t("audit")}</h2>
        <Audit />
      </section>
    </>
  );
}

function Password() {
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const save = async () => {
    setWrong(null);
    try {
      await changePassword(current, password);
      setCurrent("");
      setPassword("");
      say(t("password.changed"));
    } catch (error) {
      setWrong(describe(error));
    }
  };
  return (
    <form class="stack" onSubmit={(event) => event.preventDefault()}>
      <Field name={t("password.current")} type="password" autoComplete="current-password" value={current} onInput={setCurrent} wrong={wrong} />
      <Field
        name={t("password.new")}
        type="password"
        autoComplete="new-password"
        value={password}
        onInput={setPassword}
        explains={t("password.explains", { n: LEAST_LENGTH })}
      />
      <Strength of={password} />
      <div>
        <Button submit disabled={!current || password.length < LEAST_LENGTH} onClick={save}>
          {t("password.change")}
        </Button>
      </div>
    </form>
  );
}

function Sessions() {
  const { data, error, again } = useAsked<SessionList>("/api/sessions");
  const end = async (one: SessionView) => {
    await act(() => del(`/api/sessions/${encodeURIComponent(one.id)}`), t("sessions.ended"));
    await again();
  };
  const endOthers = async () => {
    await act(() => del("/api/sessions"), t("sessions.ended"));
    await again();
  };
  const others = data?.sessions.some((one) => !one.current);
  return (
    <>
      <header class="line spread">
        <h2>{t("sessions")}</h2>
        {others && <Button onClick={endOthers}>{t("sessions.end.others")}</Button>}
      </header>
      {error !== null && <Fault error={error} again={again} />}
      {!data && error === null && <Skeleton />}
      <ul class="rows">
        {data?.sessions.map((one) => (
          <li key={one.id}>
            <span class="grow">
              <span title={one.user_agent}>{agentWords(one.user_agent)}</span> <span class="soft">{one.address}</span>
            </span>
            <span class="soft small">
              <Ago at={one.seen_at} />
            </span>
            {one.current ? <Badge tone="good">{t("sessions.this")}</Badge> : <Button tiny onClick={() => end(one)}>{t("sessions.end")}</Button>}
          </li>
        ))}
      </ul>
    </>
  );
}

function Audit() {
  const { data, error, again } = useAsked<AuditPage>("/api/audit?limit=30");
  if (error !== null) return <Fault error={error} again={again} />;
  if (!data) return <Skeleton />;
  return (
    <ul class="rows">
      {data.entries.map((one) => (
        <li key={one.id}>
          <Badge tone={one.outcome === "done" ? "good" : "bad"}>{word("outcome", one.outcome)}</Badge>
          <span class="grow">
            <code>{one.act}</code> <span class="soft">{one.subject} {one.detail}</span>
          </span>
          <span class="soft small">
            {one.who} · {one.address} · <Ago at={one.at} />
          </span>
        </li>
      ))}
    </ul>
  );
}
