/** Adding an account by pasting a credential, in whatever form a browser or its extensions give it; also a new one for an old account. */
import { useState } from "preact/hooks";
import { describe } from "../../act";
import { post, put } from "../../api";
import type { AccountView, NewAccount, NewCredential } from "../../live/protocol.gen";
import { Button } from "../../parts/button";
import { Dialog } from "../../parts/dialog";
import { Choices, Field } from "../../parts/field";
import { say } from "../../parts/toast";
import { t } from "../../text";

const PROVIDERS = ["flow", "gemini", "fal", "gateway"] as const;
type Provider = (typeof PROVIDERS)[number];

export function AddAccount({ onClose, onAdded }: { onClose: () => void; onAdded?: () => void }) {
  return (
    <Dialog title={t("accounts.add")} onClose={onClose}>
      <AddForm
        onCancel={onClose}
        onAdded={() => {
          onClose();
          onAdded?.();
        }}
      />
    </Dialog>
  );
}

export function AddForm({ onAdded, onCancel }: { onAdded: () => void; onCancel?: () => void }) {
  const [provider, setProvider] = useState<Provider>("flow");
  const [credential, setCredential] = useState("");
  const [address, setAddress] = useState("");
  const [label, setLabel] = useState("");
  const [group, setGroup] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const flow = provider === "flow";
  const ready = credential.trim() && (provider !== "gateway" || address.trim());
  const send = async () => {
    setWrong(null);
    const body: NewAccount = {
      provider,
      credential: credential.trim(),
      base_url: provider === "gateway" ? address.trim() : null,
      label: label.trim() || null,
      group: group.trim() || null,
    };
    try {
      const { account } = await post<AccountView>("/api/accounts", body);
      say(t("accounts.added", { label: account.label }));
      setCredential("");
      onAdded();
    } catch (error) {
      setWrong(describe(error));
    }
  };
  return (
    <form class="stack" onSubmit={(event) => event.preventDefault()}>
      <Choices
        name={t("provider")}
        value={provider}
        options={PROVIDERS.map((one) => [one, t(`provider.${one}`)] as const)}
        onChange={(one) => setProvider(one as Provider)}
      />
      {provider === "gateway" && (
        <Field name={t("base.url")} explains={t("base.url.explains")} type="url" placeholder="https://…/v1" value={address} onInput={setAddress} />
      )}
      {flow ? (
        <Credential value={credential} onInput={setCredential} wrong={wrong} />
      ) : (
        <Field name={t("api.key")} explains={t("api.key.explains")} type="password" autoComplete="off" value={credential} onInput={setCredential} wrong={wrong} />
      )}
      <div class="pair">
        <Field name={t("label")} explains={t("label.explains")} value={label} onInput={setLabel} />
        <Field name={t("group")} explains={t("group.explains")} value={group} onInput={setGroup} />
      </div>
      <footer class="line">
        {onCancel && <Button onClick={onCancel}>{t("cancel")}</Button>}
        <Button kind="main" submit disabled={!ready} onClick={send}>
          {t("accounts.add")}
        </Button>
      </footer>
    </form>
  );
}

function Credential({ value, onInput, wrong }: { value: string; onInput: (value: string) => void; wrong: string | null }) {
  return (
    <>
      <Field name={t("credential")} rows={5} mono value={value} onInput={onInput} wrong={wrong} explains={t("credential.explains")} />
      <details>
        <summary>{t("credential.how")}</summary>
        <ol class="how">
          <li>{t("credential.how.1")}</li>
          <li>{t("credential.how.2")}</li>
          <li>{t("credential.how.3")}</li>
        </ol>
      </details>
    </>
  );
}

export function NewLogin({ view, onClose }: { view: AccountView; onClose: () => void }) {
  const [credential, setCredential] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const { id, label } = view.account;
  const send = async () => {
    setWrong(null);
    const body: NewCredential = { credential: credential.trim() };
    try {
      await put(`/api/accounts/${encodeURIComponent(id)}/credential`, body);
      say(t("account.did.login", { label }));
      onClose();
    } catch (error) {
      setWrong(describe(error));
    }
  };
  return (
    <Dialog title={t("account.login.title", { label })} onClose={onClose}>
      <form class="stack" onSubmit={(event) => event.preventDefault()}>
        <Credential value={credential} onInput={setCredential} wrong={wrong} />
        <footer class="line">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="main" submit disabled={!credential.trim()} onClick={send}>
            {t("account.login")}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
