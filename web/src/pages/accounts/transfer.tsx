/** All accounts into a file and back. The file opens every account, and the page says so. */
import { useState } from "preact/hooks";
import { act, describe } from "../../act";
import { get, post } from "../../api";
import type { Import, Imported } from "../../live/protocol.gen";
import { Button } from "../../parts/button";
import { Dialog, sure } from "../../parts/dialog";
import { say } from "../../parts/toast";
import { t } from "../../text";

function saveFile(name: string, text: string, type = "application/json"): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

export async function exportAccounts(): Promise<void> {
  if (!(await sure(t("accounts.export"), t("accounts.export.body"), t("accounts.export.do")))) return;
  const exported = await act(() => get<unknown>("/api/accounts/export"));
  if (exported !== null) saveFile("flow2api-accounts.json", JSON.stringify(exported, null, 2));
}

export function ImportAccounts({ onClose }: { onClose: () => void }) {
  const [given, setGiven] = useState<Import | null>(null);
  const [results, setResults] = useState<Imported[] | null>(null);
  const [wrong, setWrong] = useState<string | null>(null);
  const read = async (file: File | undefined) => {
    setWrong(null);
    setGiven(null);
    if (!file) return;
    try {
      const found = JSON.parse(await file.text()) as Import;
      if (!Array.isArray(found.accounts)) throw new Error();
      setGiven(found);
    } catch {
      setWrong(t("accounts.import.unreadable"));
    }
  };
  const send = async () => {
    try {
      const { imported } = await post<{ imported: Imported[] }>("/api/accounts/import", given);
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
      <p class="soft">{t("accounts.import.explains")}</p>
      <label class="field">
        <span class="name">{t("file")}</span>
        <input type="file" accept=".json,application/json" onChange={(event) => read(event.currentTarget.files?.[0])} />
      </label>
      {wrong && (
        <p class="bad-text" role="alert">
          {wrong}
        </p>
      )}
      {results && (
        <ul class="stack tight" role="alert">
          {results
            .filter((one) => one.error !== null)
            .map((one) => (
              <li key={one.label}>
                <strong>{one.label}</strong> <span class="bad-text">{one.error}</span>
              </li>
            ))}
        </ul>
      )}
      <footer>
        <Button onClick={onClose}>{t(results ? "close" : "cancel")}</Button>
        <Button kind="main" disabled={given === null || results !== null} onClick={send}>
          {given ? t("accounts.import.do", { n: given.accounts.length }) : t("accounts.import")}
        </Button>
      </footer>
    </Dialog>
  );
}
