/** The field of one setting, after its sort; what was before can be had back. */
import { useState } from "preact/hooks";
import { act } from "../../act";
import { patch } from "../../api";
import type { ChangedSettings, SettingChanges, SettingView } from "../../live/protocol.gen";
import { Button } from "../../parts/button";
import { Check } from "../../parts/field";
import { complain } from "../../parts/toast";
import { t } from "../../text";

/** A value as people write it: lists with commas, records as JSON. */
export function told(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value) && value.every((one) => typeof one !== "object")) return value.join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** What was written, as a value of the setting's kind; the gateway checks the rest. */
function meant(text: string, of: SettingView): unknown {
  if (text.trim() === "" && of.default === null) return null;
  if (of.sort === "whole" || of.sort === "number") {
    const number = Number(text);
    // What is no number goes out as it is, for the gateway to say what is allowed; as JSON it would be null, which means the default.
    return text.trim() === "" || !Number.isFinite(number) ? text : number;
  }
  if (of.sort === "list" && !text.trim().startsWith("[")) return text.split(",").map((one) => one.trim()).filter(Boolean);
  return of.sort === "list" ? JSON.parse(text) : text;
}

async function send(of: SettingView, value: unknown, again: () => Promise<void>, back?: unknown): Promise<void> {
  const body: SettingChanges = { settings: { [of.name]: value } };
  const undo = back === undefined ? undefined : () => send(of, back, again);
  const changed = await act(() => patch<ChangedSettings>("/api/settings", body), t("settings.saved", { name: of.name }), undo);
  for (const one of changed?.without_effect ?? []) complain(one.reason);
  await again();
}

/** Back to what the file or the default says; a value that was masked cannot be brought back. */
export function reset(of: SettingView, again: () => Promise<void>): Promise<void> {
  return send(of, null, again, of.secret ? undefined : of.value);
}

export function Editor({ of, again }: { of: SettingView; again: () => Promise<void> }) {
  const [text, setText] = useState(told(of.value));
  const before = of.changed ? (of.secret ? undefined : of.value) : null;
  if (typeof of.default === "boolean")
    return <Check name={<span class="hidden-text">{of.name}</span>} checked={of.value === true} onChange={(on) => send(of, on, again, before)} />;
  if (of.choices.length)
    return (
      <select aria-label={of.name} value={String(of.value)} onChange={(event) => send(of, event.currentTarget.value, again, before)}>
        {of.choices.map((one) => (
          <option key={one}>{one}</option>
        ))}
      </select>
    );
  const save = () => {
    try {
      return send(of, meant(text, of), again, before);
    } catch {
      return complain(t("settings.unreadable", { name: of.name }));
    }
  };
  return (
    <form class="line" onSubmit={(event) => event.preventDefault()}>
      <input class="grow" aria-label={of.name} value={text} onInput={(event) => setText(event.currentTarget.value)} />
      {text !== told(of.value) && (
        <Button kind="main" submit onClick={save}>
          {t("save")}
        </Button>
      )}
    </form>
  );
}
