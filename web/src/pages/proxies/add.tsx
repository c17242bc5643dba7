/** Adding proxies in bulk: one a line, in any of the usual notations; lines that cannot be used are named. */
import { useState } from "preact/hooks";
import { describe } from "../../act";
import { post } from "../../api";
import type { AddedProxies, NewProxies } from "../../live/protocol.gen";
import { Button } from "../../parts/button";
import { Dialog } from "../../parts/dialog";
import { Choices, Field } from "../../parts/field";
import { say } from "../../parts/toast";
import { t } from "../../text";

export function AddProxies({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState("");
  const [role, setRole] = useState<"requests" | "media">("requests");
  const [wrong, setWrong] = useState<string | null>(null);
  const [told, setTold] = useState<AddedProxies | null>(null);
  const send = async () => {
    setWrong(null);
    try {
      const body: NewProxies = { text, role };
      const added = await post<AddedProxies>("/api/proxies", body);
      if (added.added.length) say(t("proxies.added", { n: added.added.length }));
      if (added.errors.length) setTold(added);
      else onClose();
    } catch (error) {
      setWrong(describe(error));
    }
  };
  return (
    <Dialog title={t("proxies.add")} onClose={onClose}>
      <form class="stack" onSubmit={(event) => event.preventDefault()}>
        <Field
          name={t("proxies.lines")}
          rows={7}
          mono
          placeholder={"socks5://user:password@host:1080\nhost:8080:user:password"}
          explains={t("proxies.lines.explains")}
          value={text}
          onInput={setText}
          wrong={wrong}
        />
        <Choices
          name={t("proxy.roles")}
          value={role}
          options={[["requests", t("proxy.role.requests")], ["media", t("proxy.role.media")]]}
          onChange={(one) => setRole(one as typeof role)}
        />
        {told && (
          <ul class="stack tight bad-text" role="alert">
            {told.errors.map((one) => (
              <li key={one.line}>{t("proxies.line", { n: one.line, why: one.message })}</li>
            ))}
          </ul>
        )}
        <footer>
          <Button onClick={onClose}>{t(told ? "close" : "cancel")}</Button>
          <Button kind="main" submit disabled={!text.trim()} onClick={send}>
            {t("proxies.add")}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
