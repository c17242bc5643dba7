/** All accounts into a file: sealed by a passphrase, or open to whoever has it, and then the page says so. */
import { useState } from "preact/hooks";
import { describe } from "../../act";
import { get, post } from "../../api";
import type { ExportWish, SealedAccounts } from "../../live/protocol.gen";
import { Button } from "../../parts/button";
import { Dialog } from "../../parts/dialog";
import { Choices, Field } from "../../parts/field";
import { t } from "../../text";

const SHORTEST = 12;

function saveFile(name: string, content: unknown): void {
  const url = URL.createObjectURL(new Blob([JSON.stringify(content, null, 2)], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

export function ExportAccounts({ onClose }: { onClose: () => void }) {
  const [form, setForm] = useState<"sealed" | "plain">("sealed");
  const [passphrase, setPassphrase] = useState("");
  const [repeated, setRepeated] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const sealed = form === "sealed";
  const differs = repeated !== "" && repeated !== passphrase;
  const ready = !sealed || (passphrase.length >= SHORTEST && repeated === passphrase);
  const send = async () => {
    setWrong(null);
    try {
      if (sealed) saveFile("flow2api-accounts.sealed.json", await post<SealedAccounts>("/api/accounts/export", { passphrase } satisfies ExportWish));
      else saveFile("flow2api-accounts.json", await get<unknown>("/api/accounts/export"));
      onClose();
    } catch (error) {
      setWrong(describe(error));
    }
  };
  return (
    <Dialog title={t("accounts.export")} onClose={onClose}>
      <form class="stack" onSubmit={(event) => event.preventDefault()}>
        <Choices
          name={t("accounts.export.form")}
          value={form}
          options={[["sealed", t("accounts.export.sealed")], ["plain", t("accounts.export.plain")]]}
          explains={t(sealed ? "accounts.export.sealed.explains" : "accounts.export.body")}
          onChange={(one) => setForm(one as typeof form)}
        />
        {sealed && (
          <>
            <Field name={t("passphrase")} explains={t("passphrase.explains", { n: SHORTEST })} type="password" autoComplete="new-password" value={passphrase} onInput={setPassphrase} />
            <Field name={t("password.again")} type="password" autoComplete="new-password" value={repeated} onInput={setRepeated} wrong={differs ? t("password.differs") : null} />
          </>
        )}
        {wrong && (
          <p class="bad-text" role="alert">
            {wrong}
          </p>
        )}
        <footer>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind={sealed ? "main" : "danger"} submit disabled={!ready} onClick={send}>
            {t("accounts.export.do")}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
