/** Named places to write in, with what explains them and what is wrong, tied together for screen readers. */
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface Named {
  name: string;
  explains?: ComponentChildren;
  wrong?: string | null | undefined;
}

interface Written extends Named {
  value: string;
  onInput: (value: string) => void;
  type?: "text" | "password" | "number" | "search" | "datetime-local" | "url";
  placeholder?: string;
  autoComplete?: string;
  inputMode?: "numeric" | "text" | "decimal";
  autoFocus?: boolean;
  required?: boolean;
  min?: number;
  max?: number;
  step?: number | "any";
  rows?: number;
  mono?: boolean;
  disabled?: boolean;
}

export function Field({ name, explains, wrong, value, onInput, rows, mono, type, ...rest }: Written) {
  const id = useId();
  const described = [explains && `${id}-explains`, wrong && `${id}-wrong`].filter(Boolean).join(" ") || undefined;
  const shared = {
    ...(rest as object),
    id,
    value,
    class: mono ? "mono" : "",
    "aria-invalid": Boolean(wrong),
    "aria-describedby": described,
    onInput: (event: { currentTarget: { value: string } }) => onInput(event.currentTarget.value),
  };
  return (
    <div class="field">
      <label class="name" for={id}>
        {name}
      </label>
      {rows ? <textarea {...shared} rows={rows} spellcheck={!mono} /> : <input {...shared} type={type as "text"} />}
      {explains && (
        <span class="explains" id={`${id}-explains`}>
          {explains}
        </span>
      )}
      {wrong && (
        <span class="wrong" id={`${id}-wrong`} role="alert">
          {wrong}
        </span>
      )}
    </div>
  );
}

interface Chosen extends Named {
  value: string;
  options: readonly (readonly [string, string])[];
  onChange: (value: string) => void;
  disabled?: boolean;
}

export function Select({ name, explains, value, options, onChange, disabled }: Chosen) {
  const id = useId();
  return (
    <div class="field">
      <label class="name" for={id}>
        {name}
      </label>
      <select id={id} value={value} disabled={disabled} onChange={(event) => onChange(event.currentTarget.value)}>
        {options.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
      {explains && <span class="explains">{explains}</span>}
    </div>
  );
}

/** Few choices, all in sight. */
export function Choices({ name, explains, value, options, onChange }: Chosen) {
  const id = useId();
  return (
    <fieldset class="field">
      <legend>{name}</legend>
      <div class="choices">
        {options.map(([key, text]) => (
          <label class="choice" key={key}>
            <input type="radio" name={id} checked={key === value} onChange={() => onChange(key)} />
            <span>{text}</span>
          </label>
        ))}
      </div>
      {explains && <span class="explains">{explains}</span>}
    </fieldset>
  );
}

export function Check({ name, checked, onChange, disabled }: {
  name: ComponentChildren;
  checked: boolean;
  onChange: (checked: boolean) => void;
  disabled?: boolean;
}) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={checked}
        disabled={disabled}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      {name}
    </label>
  );
}
