/** Making a key: its name, its limits if any, and then the key itself, this once. */
import { useState } from "preact/hooks";
import { describe } from "../../act";
import { address, post } from "../../api";
import type { MadeKey } from "../../live/protocol.gen";
import { Button } from "../../parts/button";
import { CopyBlock } from "../../parts/copy";
import { Dialog } from "../../parts/dialog";
import { Field } from "../../parts/field";
import { t } from "../../text";
import { bodyOf, LimitFields, NO_LIMITS } from "./limits";
import { Recipes } from "./recipes";

export function MakeKey({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [limits, setLimits] = useState(NO_LIMITS);
  const [made, setMade] = useState<MadeKey | null>(null);
  const [wrong, setWrong] = useState<string | null>(null);
  const make = async () => {
    setWrong(null);
    try {
      setMade(await post<MadeKey>("/api/keys", { name: name.trim(), ...bodyOf(limits) }));
    } catch (error) {
      setWrong(describe(error));
    }
  };
  if (made)
    return (
      <Dialog title={made.key.name} onClose={onClose}>
        <p>{t("keys.once")}</p>
        <CopyBlock text={made.secret} label={t("key")} />
        <Recipes base={address("/v1")} secret={made.secret} />
        <footer>
          <Button kind="main" onClick={onClose}>
            {t("done")}
          </Button>
        </footer>
      </Dialog>
    );
  return (
    <Dialog title={t("keys.make")} onClose={onClose}>
      <form class="stack" onSubmit={(event) => event.preventDefault()}>
        <Field name={t("name")} explains={t("keys.name.explains")} value={name} onInput={setName} wrong={wrong} autoFocus />
        <details>
          <summary>{t("keys.limits")}</summary>
          <div class="stack folded">
            <LimitFields limits={limits} onChange={setLimits} />
          </div>
        </details>
        <footer>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="main" submit disabled={!name.trim()} onClick={make}>
            {t("keys.make")}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
