/** Short news in a corner, read out by screen readers; with a way back where there is one. */
import { signal } from "@preact/signals";
import { t } from "../text";
import { Button } from "./button";

interface Toast {
  id: number;
  text: string;
  failed: boolean;
  undo?: (() => unknown) | undefined;
}

const SHOWN_MS = 5000;
const FAILED_MS = 12_000;
const MOST = 4;

const toasts = signal<readonly Toast[]>([]);
let last = 0;

export function say(text: string, undo?: () => unknown): void {
  add({ id: ++last, text, failed: false, undo }, undo ? FAILED_MS : SHOWN_MS);
}

export function complain(text: string): void {
  add({ id: ++last, text, failed: true }, FAILED_MS);
}

function add(toast: Toast, ms: number): void {
  toasts.value = [...toasts.value, toast].slice(-MOST);
  setTimeout(() => close(toast.id), ms);
}

function close(id: number): void {
  toasts.value = toasts.value.filter((one) => one.id !== id);
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((one) => (
        <div key={one.id} class={`toast ${one.failed ? "failed" : ""}`}>
          <div>{one.text}</div>
          {one.undo && (
            <Button
              kind="plain"
              tiny
              onClick={() => {
                close(one.id);
                return one.undo?.();
              }}
            >
              {t("undo")}
            </Button>
          )}
          <Button kind="plain" tiny icon="close" label={t("close")} onClick={() => close(one.id)} />
        </div>
      ))}
    </div>
  );
}
