/** Reference pictures: dropped, pasted or chosen, shown at once, in the order in which they are sent. */
import { useEffect, useState } from "preact/hooks";
import { Button } from "../../parts/button";
import { complain } from "../../parts/toast";
import { t } from "../../text";
import { change, draft, type Reference } from "./draft";

const MOST_BYTES = 20 * 1024 * 1024;

function read(file: File): Promise<Reference> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve({ url: String(reader.result), name: file.name });
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

async function take(files: Iterable<File>, most: number): Promise<void> {
  const pictures = [...files].filter((file) => file.type.startsWith("image/"));
  const fit = pictures.filter((file) => file.size <= MOST_BYTES);
  if (fit.length < pictures.length) complain(t("studio.too.large"));
  const added = await Promise.all(fit.map(read));
  const all = [...draft.value.references, ...added];
  if (all.length > most) complain(t("studio.too.many", { n: most }));
  change({ references: all.slice(0, most) });
}

export function References({ least, most }: { least: number; most: number }) {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const paste = (event: ClipboardEvent) => {
      const files = event.clipboardData?.files;
      if (files?.length) void take(files, most);
    };
    addEventListener("paste", paste);
    return () => removeEventListener("paste", paste);
  }, [most]);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void take(event.dataTransfer?.files ?? [], most);
  };
  const { references } = draft.value;
  return (
    <fieldset class="field">
      <legend>{t(least ? "studio.references.needed" : "studio.references")}</legend>
      <div
        class={`drop ${over ? "over" : ""}`}
        onDragOver={(event) => (event.preventDefault(), setOver(true))}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        {references.map((one, place) => (
          <figure key={`${place} ${one.name}`} class="reference">
            <Preview of={one} />
            <Button
              tiny
              icon="close"
              label={t("studio.reference.remove", { n: place + 1 })}
              onClick={() => change({ references: references.filter((_, other) => other !== place) })}
            />
          </figure>
        ))}
        {references.length < most && (
          <label class="drop-here">
            <input
              class="hidden-text"
              type="file"
              accept="image/*"
              multiple={most > 1}
              onChange={(event) => {
                void take(event.currentTarget.files ?? [], most);
                event.currentTarget.value = "";
              }}
            />
            {t("studio.drop")}
          </label>
        )}
      </div>
      <span class="explains">{t("studio.references.explains", { n: most })}</span>
    </fieldset>
  );
}

/** A picture that is not sent yet is shown from memory: the page may not load data URLs. */
function Preview({ of: one }: { of: Reference }) {
  const [shown, setShown] = useState(one.url.startsWith("data:") ? "" : one.url);
  useEffect(() => {
    if (!one.url.startsWith("data:")) return setShown(one.url);
    const [head = "", body = ""] = one.url.split(",", 2);
    const bytes = Uint8Array.from(atob(body), (char) => char.charCodeAt(0));
    const url = URL.createObjectURL(new Blob([bytes], { type: head.slice(5).replace(/;.*/, "") }));
    setShown(url);
    return () => URL.revokeObjectURL(url);
  }, [one.url]);
  return shown ? <img src={shown} alt={one.name} /> : null;
}
