/** Accounts back from a file of an export, whether it is sealed or open; each that was not taken is named with the reason. */
import { useState } from "preact/hooks";
import { describe } from "../../act";
import { post } from "../../api";
import type { Import, Imported, SealedAccounts, SealedImport } from "../../live/protocol.gen";
import { Button } from "../../parts/button";
import { Dialog } from "../../parts/dialog";
import { Field } from "../../parts/field";
import { say } from "../../parts/toast";
import { t } from "../../text";

type Given = { open: Import } | { sealed: SealedAccounts };

function given(text: string): Given | null {
  try {
    const found = JSON.parse(text) as Partial<Import & SealedAccounts> | null;
    if (typeof found?.sealed === "string") return { sealed: found as SealedAccounts };
    return Array.isArray(found?.accounts) ? { open: found as Import } : null;
  } catch {
    return null; // no JSON at all
  }
}

function send(file: Given, passphrase: string): Promise<{ imported: Imported[] }> {
  if ("open" in file) return post("/api/accounts/import", file.open);
  return post("/api/accounts/import/sealed", { passphrase, file: file.sealed } satisfies SealedImport);
}

export function ImportAccounts({ onClose }: { onClose: () => void }) {
  const [file, setFile] = useState<Given | null>(null);
  const [passphrase, setPassphrase] = useState("");
  const [results, setResults] = useState<readonly Imported[] | null>(null);
  const [wrong, setWrong] = useState<string | null>(null);
  const sealed = file !== null && "sealed" in file;
  const read = async (chosen: File | undefined) => {
    const found = chosen ? given(await chosen.text()) : null;
    setFile(found);
    setWrong(chosen && !found ? t("accounts.import.unreadable") : null);
  };
  const take = async () => {
    if (!file) return;
    setWrong(null);
    try {
      const { imported } = await send(file, passphrase);
      const good = imported.filter((one) => one.error === null).length;
      if (good) say(t("accounts.imported", { n: good }));
      if (good === imported.length) onClose();
      else setResults(imported);
    } catch (error) {
      setWrong(describe(error));
    }
  };
  return (
    <Dialog title={t("accounts.import")} onClose={onClose}>
      <form class="stack" onSubmit={(event) => event.preventDefault()}>
        <p class="soft">{t("accounts.import.explains")}</p>
        <label class="field">
          <span class="name">{t("file")}</span>
          <input type="file" accept=".json,application/json" onChange={(event) => read(event.currentTarget.files?.[0])} />
        </label>
        {sealed && (
          <Field name={t("passphrase")} explains={t("accounts.import.sealed")} type="password" autoComplete="off" value={passphrase} onInput={setPassphrase} />
        )}
        {wrong && (
          <p class="bad-text" role="alert">
            {wrong}
          </p>
        )}
        {results && <Failed of={results} />}
        <footer>
          <Button onClick={onClose}>{t(results ? "close" : "cancel")}</Button>
          <Button kind="main" submit disabled={!file || results !== null || (sealed && !passphrase)} onClick={take}>
            {file && "open" in file ? t("accounts.import.do", { n: file.open.accounts.length }) : t("accounts.import")}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}

function Failed({ of: results }: { of: readonly Imported[] }) {
  return (
    <ul class="stack tight" role="alert">
      {results
        .filter((one) => one.error !== null)
        .map((one) => (
          <li key={one.label}>
            <strong>{one.label}</strong> <span class="bad-text">{one.error}</span>
          </li>
        ))}
    </ul>
  );
}
