/** Copying: an identifier that is copied on click, and a block of text with a button. */
import { useState } from "preact/hooks";
import { shortened } from "../format";
import { t } from "../text";
import { Icon } from "./icon";

/** Without https a page has no clipboard; the old way still works there. */
async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "hidden-text";
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

function useCopied(text: string): [boolean, (event: Event) => void] {
  const [copied, setCopied] = useState(false);
  const copy = (event: Event) => {
    event.stopPropagation();
    event.preventDefault();
    void copyText(text).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), 1500);
    });
  };
  return [copied, copy];
}

export function CopyId({ id, longest = 18 }: { id: string; longest?: number }) {
  const [copied, copy] = useCopied(id);
  return (
    <button type="button" class="copy" title={`${id} (${t("copy")})`} onClick={copy}>
      {copied ? t("copied") : shortened(id, longest)}
    </button>
  );
}

export function CopyBlock({ text, label }: { text: string; label: string }) {
  const [copied, copy] = useCopied(text);
  return (
    <div class="code-block">
      <pre>{text}</pre>
      <button type="button" class="button tiny icon" onClick={copy} aria-label={`${t("copy")}: ${label}`} title={t("copy")}>
        <Icon name={copied ? "check" : "copy"} />
      </button>
    </div>
  );
}
