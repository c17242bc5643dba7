/** The form: made from what the chosen model says of itself. */
import { useState } from "preact/hooks";
import { describe } from "../../act";
import { post } from "../../api";
import { duration, number } from "../../format";
import type { ModelEntry, StudioOrdered } from "../../live/protocol.gen";
import { Button } from "../../parts/button";
import { Choices, Field, Select } from "../../parts/field";
import { Media } from "../../parts/media";
import { t } from "../../text";
import { change, draft, fitting, missing, orderOf } from "./draft";
import { References } from "./references";

const COUNTS = ["1", "2", "3", "4"];

export function Form({ models, ready }: { models: readonly ModelEntry[]; ready: readonly string[] }) {
  const held = draft.value;
  const model = models.find((one) => one.id === held.model) ?? models[0];
  const [wrong, setWrong] = useState<string | null>(null);
  if (!model) return null;
  const { accepts, needs } = model;
  const lacks = missing(held, model);
  const send = async () => {
    setWrong(null);
    try {
      await post<StudioOrdered>("/api/studio", orderOf(held, model));
    } catch (error) {
      setWrong(describe(error));
    }
  };
  const hurry = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !lacks) void send();
  };
  const seconds = (accepts.seconds ?? []).map(String);
  return (
    <form class="stack" onSubmit={(event) => event.preventDefault()} onKeyDown={hurry}>
      <Choices
        name={t("kind")}
        value={model.kind}
        options={[["image", t("kind.image")], ["video", t("kind.video")]]}
        onChange={(kind) => change({ model: models.find((one) => one.kind === kind)?.id ?? model.id })}
      />
      <Select
        name={t("model")}
        explains={model.description}
        value={model.id}
        options={named(models.filter((one) => one.kind === model.kind), ready)}
        onChange={(id) => change({ model: id })}
      />
      {accepts.mode === "extend" && <Clip />}
      <Field name={t("prompt")} rows={5} value={held.prompt} placeholder={t("studio.prompt")} onInput={(prompt) => change({ prompt })} wrong={wrong} />
      {accepts.images.max > 0 && <References least={accepts.images.min} most={accepts.images.max} />}
      <Offered name={t("ratio")} chosen={held.ratio} offered={accepts.aspect_ratios} onChange={(ratio) => change({ ratio })} />
      <Offered name={t("size")} chosen={held.resolution} offered={accepts.resolutions} onChange={(resolution) => change({ resolution })} />
      <Offered name={t("seconds")} chosen={held.seconds} offered={seconds} text={(one) => duration(Number(one))} onChange={(one) => change({ seconds: one })} />
      <Choices name={t("count")} value={String(held.count)} options={COUNTS.map((one) => [one, one] as const)} onChange={(one) => change({ count: Number(one) })} />
      <Field name={t("seed")} explains={t("studio.seed.explains")} type="number" min={0} value={held.seed} onInput={(seed) => change({ seed })} />
      <div class="make">
        <Button kind="main" submit disabled={lacks !== null} onClick={send}>
          {held.count > 1 ? t("studio.make.many", { n: held.count }) : t("studio.make")}
        </Button>
        <span class="soft small">{lacks ? t(`studio.lacks.${lacks}`) : needs.credits ? t("studio.credits", { n: number(needs.credits * held.count) }) : t("studio.free")}</span>
      </div>
    </form>
  );
}

/** Two models of one name are told apart by their ids. */
function named(models: readonly ModelEntry[], ready: readonly string[]) {
  return models.map((one) => {
    const twin = models.some((other) => other !== one && other.name === one.name);
    const name = twin ? `${one.name} · ${one.id}` : one.name;
    return [one.id, ready.includes(one.id) ? name : t("studio.no.account", { name })] as const;
  });
}

function Offered({ name, chosen, offered, text, onChange }: {
  name: string;
  chosen: string;
  offered: readonly string[];
  text?: (one: string) => string;
  onChange: (one: string) => void;
}) {
  if (offered.length < 2) return null;
  const options = offered.map((one) => [one, text ? text(one) : one] as const);
  return <Choices name={name} value={fitting(chosen, offered) ?? ""} options={options} onChange={onChange} />;
}

function Clip() {
  const { source } = draft.value;
  return (
    <div class="field">
      <span class="name">{t("studio.clip")}</span>
      {source ? <Media name={source} alt={t("studio.clip")} /> : <span class="explains">{t("studio.clip.explains")}</span>}
    </div>
  );
}
