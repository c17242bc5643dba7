/** The modal kind: a form that must be answered or left. And the question before what cannot be undone. */
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../text";
import { Button } from "./button";

interface Props {
  title: string;
  onClose: () => void;
  wide?: boolean;
  drawer?: boolean;
  children: ComponentChildren;
}

export function Dialog({ title, onClose, wide, drawer, children }: Props) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => box.current?.showModal(), []);
  const beside = (event: MouseEvent) => event.target === box.current && onClose();
  return (
    <dialog
      ref={box}
      class={`${wide ? "wide" : ""} ${drawer ? "drawer" : ""}`}
      aria-label={title}
      onClose={onClose}
      onClick={drawer ? beside : undefined}
    >
      <div>
        {!drawer && (
          <header class="line spread">
            <h2>{title}</h2>
            <Button kind="plain" icon="close" label={t("close")} onClick={onClose} />
          </header>
        )}
        {children}
      </div>
    </dialog>
  );
}

interface Question {
  title: string;
  body: string;
  action: string;
  answer: (yes: boolean) => void;
}

const question = signal<Question | null>(null);

/** Ask before something that cannot be undone; the action's name says what it does, and to how many. */
export function sure(title: string, body: string, action: string): Promise<boolean> {
  return new Promise((resolve) => {
    const answer = (yes: boolean) => {
      question.value = null;
      resolve(yes);
    };
    question.value = { title, body, action, answer };
  });
}

export function Questions() {
  const asked = question.value;
  if (!asked) return null;
  return (
    <Dialog title={asked.title} onClose={() => asked.answer(false)}>
      <p>{asked.body}</p>
      <footer>
        <Button onClick={() => asked.answer(false)}>{t("cancel")}</Button>
        <Button kind="danger" onClick={() => asked.answer(true)}>
          {asked.action}
        </Button>
      </footer>
    </Dialog>
  );
}
