/** Make something by hand: a form from the model's own capabilities on one side, what comes of it on the other. */
import { useEffect, useMemo } from "preact/hooks";
import { act } from "../act";
import type { ModelEntry, StudioOffer } from "../live/protocol.gen";
import { jobs, settingsRound } from "../live/state";
import { Empty, Fault, Skeleton } from "../parts/empty";
import { useAsked } from "../parts/use";
import { param, setParams } from "../route";
import { t } from "../text";
import { Detail } from "./generations/detail";
import { beginFrom } from "./studio/draft";
import { Form } from "./studio/form";
import { Results } from "./studio/results";

const MOST = 36;
const WAYS = ["from", "remix", "extend"] as const;

/** What an account can make comes first, and pictures before clips; the rest can be looked at. */
function usableFirst({ models, ready }: StudioOffer) {
  const has = new Set(ready);
  const rank = (one: ModelEntry) => Number(!has.has(one.id)) * 2 + Number(one.kind !== "image");
  return [...models].sort((a, b) => rank(a) - rank(b));
}

export default function Studio() {
  const asked = useAsked<StudioOffer>("/api/studio", settingsRound.value);
  const models = useMemo(() => asked.data && usableFirst(asked.data), [asked.data]);
  const way = WAYS.find((one) => param(one));
  const start = way ? param(way) : "";
  useEffect(() => {
    if (!models || !way) return;
    void act(() => beginFrom(way, start, models));
    setParams({ from: null, remix: null, extend: null });
  }, [models, way, start]);
  const mine = [...(jobs.value?.values() ?? [])].filter((one) => one.job.origin === "studio");
  const shown = mine.sort((a, b) => b.job.created_at - a.job.created_at).slice(0, MOST);
  const opened = param("open");
  return (
    <div class="studio">
      <section class="card" aria-label={t("studio.form")}>
        {asked.error !== null && <Fault error={asked.error} again={asked.again} />}
        {models ? <Form models={models} ready={asked.data?.ready ?? []} /> : asked.error === null && <Skeleton rows={8} />}
      </section>
      <section aria-label={t("result")} aria-live="polite">
        {shown.length ? <Results rows={shown} /> : <Empty title={t("studio.empty")}>{t("studio.empty.next")}</Empty>}
      </section>
      {opened && <Detail key={opened} id={opened} neighbours={shown.map((one) => one.job.id)} />}
    </div>
  );
}
