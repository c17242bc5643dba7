/** The limits of a key as fields; an empty field is no limit. */
import { meant, written } from "../../format";
import type { KeyView } from "../../live/protocol.gen";
import { Check, Field } from "../../parts/field";
import { t } from "../../text";

export interface Limits {
  scopes: readonly string[];
  models: string;
  requests_per_minute: string;
  concurrent_jobs: string;
  daily_credits: string;
  total_credits: string;
  expires: string;
}

export const NO_LIMITS: Limits = {
  scopes: [], models: "", requests_per_minute: "", concurrent_jobs: "", daily_credits: "", total_credits: "", expires: "",
};

const SCOPES = ["chat", "responses", "images", "videos", "gemini", "jobs", "models"] as const;

const text = (value: number | null) => (value === null ? "" : String(value));
const count = (value: string) => (value.trim() === "" ? null : Number(value));

export function limitsOf(key: KeyView): Limits {
  return {
    scopes: key.scopes,
    models: key.models.join(", "),
    requests_per_minute: text(key.requests_per_minute),
    concurrent_jobs: text(key.concurrent_jobs),
    daily_credits: text(key.daily_credits),
    total_credits: text(key.total_credits),
    expires: written(key.expires_at),
  };
}

export function bodyOf(limits: Limits) {
  return {
    scopes: limits.scopes,
    models: limits.models.split(/[\s,]+/).filter(Boolean),
    requests_per_minute: count(limits.requests_per_minute),
    concurrent_jobs: count(limits.concurrent_jobs),
    daily_credits: count(limits.daily_credits),
    total_credits: count(limits.total_credits),
    expires_at: limits.expires ? meant(limits.expires) : null,
  };
}

export function LimitFields({ limits, onChange }: { limits: Limits; onChange: (limits: Limits) => void }) {
  const set = (changes: Partial<Limits>) => onChange({ ...limits, ...changes });
  const tick = (scope: string, on: boolean) =>
    set({ scopes: on ? [...limits.scopes, scope] : limits.scopes.filter((one) => one !== scope) });
  return (
    <>
      <fieldset class="field">
        <legend>{t("keys.scopes")}</legend>
        <div class="line">
          {SCOPES.map((one) => (
            <Check key={one} name={t(`scope.${one}`)} checked={limits.scopes.includes(one)} onChange={(on) => tick(one, on)} />
          ))}
        </div>
        <span class="explains">{t("keys.scopes.explains")}</span>
      </fieldset>
      <Field name={t("keys.models")} explains={t("keys.models.explains")} value={limits.models} onInput={(models) => set({ models })} />
      <div class="pair">
        <Amount name={t("keys.minute")} value={limits.requests_per_minute} onInput={(value) => set({ requests_per_minute: value })} />
        <Amount name={t("keys.at.once")} value={limits.concurrent_jobs} onInput={(value) => set({ concurrent_jobs: value })} />
        <Amount name={t("keys.daily")} value={limits.daily_credits} onInput={(value) => set({ daily_credits: value })} />
        <Amount name={t("keys.total")} value={limits.total_credits} onInput={(value) => set({ total_credits: value })} />
      </div>
      <Field name={t("keys.expires")} explains={t("keys.expires.explains")} type="datetime-local" value={limits.expires} onInput={(expires) => set({ expires })} />
    </>
  );
}

function Amount({ name, value, onInput }: { name: string; value: string; onInput: (value: string) => void }) {
  return <Field name={name} type="number" min={1} placeholder={t("no.limit")} value={value} onInput={onInput} />;
}
