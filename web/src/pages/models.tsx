/** What the gateway offers: models on and off, what each goes by, further names for them. */
import { useState } from "preact/hooks";
import { act } from "../act";
import { put } from "../api";
import { number } from "../format";
import { PageAction } from "../frame";
import type { ModelOffer, ModelView, Switch } from "../live/protocol.gen";
import { Badge } from "../parts/badge";
import { Button } from "../parts/button";
import { CopyId } from "../parts/copy";
import { Empty, Fault } from "../parts/empty";
import { Check } from "../parts/field";
import { Facts, Panel } from "../parts/panel";
import { type Column, Table } from "../parts/table";
import { Chips, matches, Search, Tools } from "../parts/tools";
import { useAsked } from "../parts/use";
import { settingsRound } from "../live/state";
import { param } from "../route";
import { t } from "../text";
import { Aliases, NewName } from "./models/aliases";

export default function Models() {
  const asked = useAsked<ModelOffer>("/api/models", settingsRound.value);
  const [naming, setNaming] = useState(false);
  const all = asked.data?.models ?? null;
  const kind = param("kind");
  const shown = all?.filter((one) => (!kind || one.kind === kind) && matches(param("q"), one.id, one.title, ...one.names)) ?? null;
  const opened = all?.find((one) => one.id === param("open"));
  const toggle = async (one: ModelView, on: boolean) => {
    const body: Switch = { on };
    const order = () => put<ModelView>(`/api/models/${encodeURIComponent(one.id)}`, body);
    await act(order, t(on ? "models.did.on" : "models.did.off", { name: one.title }));
    await asked.again();
  };
  return (
    <>
      <PageAction>
        <Button icon="plus" onClick={() => setNaming(true)}>
          {t("models.name.new")}
        </Button>
      </PageAction>
      <Tools>
        <Search label={t("models.search")} />
        <Chips
          name="kind"
          label={t("kind")}
          options={[
            { value: "", text: t("all"), n: all?.length },
            { value: "image", text: t("kind.images"), n: all?.filter((one) => one.kind === "image").length },
            { value: "video", text: t("kind.videos"), n: all?.filter((one) => one.kind === "video").length },
          ]}
        />
      </Tools>
      {asked.error !== null && <Fault error={asked.error} again={asked.again} />}
      <Table
        id="models"
        label={t("page.models")}
        columns={columns(toggle)}
        rows={shown}
        keyOf={(one) => one.id}
        sort="title"
        opens
        empty={<Empty title={t("table.none")} />}
      />
      <Aliases rows={asked.data?.aliases ?? []} again={asked.again} />
      {naming && all && <NewName models={all} onClose={() => setNaming(false)} onDone={asked.again} />}
      {opened && <Detail of={opened} neighbours={shown?.map((one) => one.id) ?? []} toggle={toggle} />}
    </>
  );
}

type Toggle = (one: ModelView, on: boolean) => Promise<void>;

function columns(toggle: Toggle): Column<ModelView>[] {
  return [
    { id: "title", title: t("model"), sort: (one) => one.title, cell: (one) => one.title },
    { id: "id", title: t("id"), sort: (one) => one.id, cell: (one) => <CopyId id={one.id} longest={36} /> },
    { id: "kind", title: t("kind"), sort: (one) => one.kind, cell: (one) => t(`kind.${one.kind}`) },
    { id: "state", title: t("state"), sort: (one) => Number(one.offered), cell: (one) => <Offered of={one} /> },
    { id: "provider", title: t("provider"), sort: (one) => one.provider, cell: (one) => one.provider },
    { id: "names", title: t("models.names"), number: true, sort: (one) => one.names.length, cell: (one) => number(one.names.length) },
    { id: "on", title: t("models.on"), cell: (one) => <Check name={<span class="hidden-text">{one.title}</span>} checked={one.on} onChange={(on) => toggle(one, on)} /> },
  ];
}

function Offered({ of: one }: { of: ModelView }) {
  if (one.offered) return <Badge tone="good">{t("models.offered")}</Badge>;
  return <Badge tone={one.on ? "resting" : "quiet"}>{t(one.on ? "models.member.off" : "models.off")}</Badge>;
}

function Detail({ of: one, neighbours, toggle }: { of: ModelView; neighbours: readonly string[]; toggle: Toggle }) {
  return (
    <Panel title={one.title} id={one.id} neighbours={neighbours}>
      <div class="line">
        <Offered of={one} />
        <Check name={t("models.on")} checked={one.on} onChange={(on) => toggle(one, on)} />
      </div>
      {one.description && <p>{one.description}</p>}
      <Facts
        of={[
          [t("id"), <CopyId key="id" id={one.id} longest={40} />],
          [t("kind"), t(`kind.${one.kind}`)],
          [t("provider"), one.provider],
          one.members.length > 0 && [t("models.members"), one.members.join(", ")],
        ]}
      />
      <section class="stack tight">
        <h3>{t("models.names")}</h3>
        <ul>
          {one.names.map((name) => (
            <li key={name}>
              <CopyId id={name} longest={60} />
            </li>
          ))}
        </ul>
      </section>
    </Panel>
  );
}
