/** Webhooks of jobs: how each message goes, sending one again, and the secrets that sign them. */
import { useCallback, useEffect, useState } from "preact/hooks";
import { act } from "../act";
import { get, post } from "../api";
import { number } from "../format";
import type { Delivery, DeliveryPage } from "../live/protocol.gen";
import { Badge, type Tone } from "../parts/badge";
import { Button } from "../parts/button";
import { CopyId } from "../parts/copy";
import { Empty, Fault, None } from "../parts/empty";
import { Facts, Panel } from "../parts/panel";
import { type Column, Table } from "../parts/table";
import { Ago, At } from "../parts/time";
import { Chips, matches, Search, Tools } from "../parts/tools";
import { href, param } from "../route";
import { t } from "../text";
import { Secrets } from "./webhooks/secrets";

const STATES = ["waiting", "due", "delivered", "failed"] as const;
const TONES: Record<string, Tone> = { waiting: "quiet", due: "working", delivered: "good", failed: "bad" };
const PAGE = 100;
const LOOK_MS = 5000;

export default function Webhooks() {
  const { rows, hasMore, error, load } = useDeliveries(param("state"));
  const shown = rows?.filter((one) => matches(param("q"), one.place, one.job_id, one.id, one.caller)) ?? null;
  const opened = rows?.find((one) => one.id === param("open"));
  const resend = async (one: Delivery) => {
    await act(() => post(`/api/webhooks/deliveries/${encodeURIComponent(one.id)}/resend`), t("webhooks.again.done"));
    await load([]);
  };
  return (
    <>
      <Tools>
        <Search label={t("webhooks.search")} />
        <Chips
          name="state"
          label={t("state")}
          options={[{ value: "", text: t("all") }, ...STATES.map((one) => ({ value: one, text: t(`delivery.${one}`) }))]}
        />
      </Tools>
      {error !== null && <Fault error={error} again={() => load([])} />}
      <Table
        id="webhooks"
        label={t("page.webhooks")}
        columns={columns()}
        rows={shown}
        keyOf={(one) => one.id}
        sort="-created"
        opens
        empty={<Empty title={t(rows?.length ? "table.none" : "webhooks.empty")}>{t("webhooks.empty.next")}</Empty>}
      />
      {hasMore && (
        <div>
          <Button onClick={() => load(rows ?? [])}>{t("generations.older")}</Button>
        </div>
      )}
      <Secrets />
      {opened && <Detail of={opened} neighbours={shown?.map((one) => one.id) ?? []} resend={resend} />}
    </>
  );
}

/** Deliveries are not told over the websocket, so the first page is looked at again while it is shown. */
function useDeliveries(state: string) {
  const [rows, setRows] = useState<readonly Delivery[] | null>(null);
  const [hasMore, setHasMore] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const load = useCallback(
    async (before: readonly Delivery[]) => {
      const last = before.at(-1)?.id;
      const query = new URLSearchParams({ limit: String(PAGE), ...(state && { state }), ...(last && { after: last }) });
      try {
        const page = await get<DeliveryPage>(`/api/webhooks/deliveries?${query}`);
        setRows([...before, ...page.deliveries]);
        setHasMore(page.has_more);
        setError(null);
      } catch (fault) {
        setError(fault);
      }
    },
    [state],
  );
  const further = (rows?.length ?? 0) > PAGE;
  useEffect(() => void load([]), [load]);
  useEffect(() => {
    if (further) return;
    const id = setInterval(() => document.hidden || void load([]), LOOK_MS);
    return () => clearInterval(id);
  }, [load, further]);
  return { rows, hasMore, error, load };
}

function State({ of: one }: { of: Delivery }) {
  return <Badge tone={TONES[one.state] ?? "quiet"}>{t(`delivery.${one.state}`)}</Badge>;
}

function columns(): Column<Delivery>[] {
  return [
    { id: "place", title: t("webhooks.receiver"), sort: (one) => one.place, cell: (one) => one.place },
    { id: "state", title: t("state"), sort: (one) => one.state, cell: (one) => <State of={one} /> },
    { id: "tries", title: t("webhooks.tries"), number: true, sort: (one) => one.tries, cell: (one) => number(one.tries) },
    { id: "last", title: t("webhooks.answer"), wide: true, cell: (one) => told(one) },
    { id: "next", title: t("webhooks.next"), sort: (one) => one.next_at, cell: (one) => <Ago at={one.next_at} /> },
    { id: "job", title: t("generation"), cell: (one) => <CopyId id={one.job_id} /> },
    { id: "created", title: t("created"), sort: (one) => one.created_at, cell: (one) => <Ago at={one.created_at} /> },
    { id: "id", title: t("id"), extra: true, cell: (one) => <CopyId id={one.id} /> },
  ];
}

function told(one: Delivery) {
  const last = one.attempts.at(-1);
  return last ? [last.status, last.error].filter(Boolean).join(" · ") : <None />;
}

function Detail({ of: one, neighbours, resend }: {
  of: Delivery;
  neighbours: readonly string[];
  resend: (one: Delivery) => Promise<void>;
}) {
  const actions = one.state !== "waiting" && <Button onClick={() => resend(one)}>{t("webhooks.again")}</Button>;
  return (
    <Panel title={one.place} id={one.id} neighbours={neighbours} actions={actions}>
      <div class="line">
        <State of={one} />
        <CopyId id={one.id} longest={30} />
      </div>
      <Facts
        of={[
          [t("generation"), <a key="job" href={href("generations", { open: one.job_id })}>{one.job_id}</a>],
          [t("key"), <a key="key" href={href("keys", { open: one.caller })}>{one.caller}</a>],
          [t("webhooks.next"), <At key="next" at={one.next_at} />],
          [t("created"), <At key="created" at={one.created_at} />],
        ]}
      />
      {one.attempts.length > 0 && (
        <section class="stack tight">
          <h3>{t("webhooks.tries")}</h3>
          <ol class="timeline">
            {one.attempts.map((attempt) => (
              <li key={attempt.at}>
                <span class="grow">{[attempt.status, attempt.error || t("delivery.delivered")].filter(Boolean).join(" · ")}</span>
                <span class="soft small">
                  <At at={attempt.at} />
                </span>
              </li>
            ))}
          </ol>
        </section>
      )}
    </Panel>
  );
}
