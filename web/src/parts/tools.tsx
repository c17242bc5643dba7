/** What stands above a list: search, filters with counts, all in the address. */
import type { ComponentChildren } from "preact";
import { number } from "../format";
import { param, setParams } from "../route";
import { Icon } from "./icon";

export function Tools({ children }: { children: ComponentChildren }) {
  return <div class="tools">{children}</div>;
}

export function Search({ label, name = "q" }: { label: string; name?: string }) {
  return (
    <label class="search">
      <span class="hidden-text">{label}</span>
      <Icon name="search" />
      <input
        type="search"
        placeholder={label}
        value={param(name)}
        onInput={(event) => setParams({ [name]: event.currentTarget.value || null })}
      />
    </label>
  );
}

/** One filter of few values; the first means all. */
export function Chips({ name, label, options }: {
  name: string;
  label: string;
  options: readonly { value: string; text: string; n?: number | undefined }[];
}) {
  const chosen = param(name);
  return (
    <div class="chips" role="group" aria-label={label}>
      {options.map((one) => (
        <button
          key={one.value}
          type="button"
          class="chip"
          aria-pressed={chosen === one.value}
          onClick={() => setParams({ [name]: one.value || null, open: null })}
        >
          {one.text}
          {one.n !== undefined && <span class="small">{number(one.n)}</span>}
        </button>
      ))}
    </div>
  );
}

/** One filter of many values. */
export function Filter({ name, label, options }: {
  name: string;
  label: string;
  options: readonly (readonly [string, string])[];
}) {
  return (
    <select aria-label={label} value={param(name)} onChange={(event) => setParams({ [name]: event.currentTarget.value || null })}>
      <option value="">{label}</option>
      {options.map(([value, text]) => (
        <option key={value} value={value}>
          {text}
        </option>
      ))}
    </select>
  );
}

/** Whether any of the texts holds what is searched for. */
export function matches(query: string, ...texts: (string | null | undefined)[]): boolean {
  const wanted = query.trim().toLowerCase();
  return !wanted || texts.some((text) => text?.toLowerCase().includes(wanted));
}

