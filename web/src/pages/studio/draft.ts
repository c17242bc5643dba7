/** What the studio's form holds. It outlives a visit to another page; beginning from a generation fills it in. */
import { signal } from "@preact/signals";
import { get } from "../../api";
import type { JobDetail, ModelEntry, ModelOffer, StudioOrder } from "../../live/protocol.gen";
import { mediaUrl } from "../../parts/media";

export interface Reference {
  /** What is sent: a data URL, or a link of this gateway. */
  url: string;
  name: string;
}

export interface Draft {
  model: string;
  prompt: string;
  ratio: string;
  resolution: string;
  seconds: string;
  seed: string;
  count: number;
  references: readonly Reference[];
  /** The clip to continue. */
  source: string | null;
}

export const draft = signal<Draft>({
  model: "", prompt: "", ratio: "", resolution: "", seconds: "", seed: "", count: 1, references: [], source: null,
});

export function change(changes: Partial<Draft>): void {
  draft.value = { ...draft.value, ...changes };
}

/** The first of the model's own where what was chosen is not on offer. */
export function fitting<T>(chosen: T, offered: readonly T[]): T | null {
  return offered.includes(chosen) ? chosen : (offered[0] ?? null);
}

export function orderOf(held: Draft, model: ModelEntry): StudioOrder {
  const { accepts } = model;
  const seconds = fitting(Number(held.seconds), accepts.seconds ?? []);
  return {
    model: model.id,
    prompt: held.prompt.trim(),
    aspect_ratio: fitting(held.ratio, accepts.aspect_ratios),
    resolution: fitting(held.resolution, accepts.resolutions),
    seconds,
    seed: held.seed.trim() === "" ? null : Number(held.seed),
    n: held.count,
    inputs: held.references.slice(0, accepts.images.max).map((one) => one.url),
    source: accepts.mode === "extend" ? held.source : null,
  };
}

/** What stands between the draft and an order; null where nothing does. */
export function missing(held: Draft, model: ModelEntry): "prompt" | "picture" | "clip" | null {
  if (!held.prompt.trim()) return "prompt";
  if (model.accepts.mode === "extend" && !held.source) return "clip";
  return held.references.length < model.accepts.images.min ? "picture" : null;
}

/** The model among those on offer that goes by a name. */
async function modelNamed(name: string, offered: readonly ModelEntry[]): Promise<string | undefined> {
  if (offered.some((one) => one.id === name)) return name;
  const { models } = await get<ModelOffer>("/api/models");
  const ids = new Set(offered.map((one) => one.id));
  const owners = models.filter((one) => one.names.includes(name)).map((one) => one.id);
  return owners.find((id) => ids.has(id));
}

/** Begin from a generation: the same again, its result as a reference, or its clip to go on. */
export async function beginFrom(way: "from" | "remix" | "extend", id: string, offered: readonly ModelEntry[]): Promise<void> {
  const { job } = await get<JobDetail>(`/api/jobs/${encodeURIComponent(id)}`);
  const { generation, results } = job;
  const link = results[0] ? mediaUrl(results[0]) : null;
  const shape = { ratio: generation.aspect_ratio, seed: "", source: null };
  if (way === "extend") {
    const model = offered.find((one) => one.accepts.mode === "extend");
    change({ ...shape, model: model?.id ?? draft.value.model, prompt: "", references: [], source: link });
    return;
  }
  if (way === "remix") {
    const now = offered.find((one) => one.id === draft.value.model);
    const model = now?.accepts.images.max ? now : offered.find((one) => one.accepts.images.max > 0);
    change({ ...shape, model: model?.id ?? "", references: link ? [{ url: link, name: results[0] ?? "" }] : [] });
    return;
  }
  change({
    ...shape,
    model: (await modelNamed(generation.model, offered)) ?? draft.value.model,
    prompt: generation.prompt,
    resolution: generation.upscale ?? "",
    seconds: generation.seconds === null ? "" : String(generation.seconds),
    seed: generation.seed === null ? "" : String(generation.seed),
    references: generation.inputs.map((name) => ({ url: mediaUrl(name), name })),
  });
}
