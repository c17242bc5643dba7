/** The first API key, shown once, and what to paste into which program. */
import { useState } from "preact/hooks";
import { act } from "../../act";
import { address, post } from "../../api";
import type { MadeKey, NewKey } from "../../live/protocol.gen";
import { Button } from "../../parts/button";
import { CopyBlock } from "../../parts/copy";
import { Field } from "../../parts/field";
import { t } from "../../text";
import { Recipes } from "../keys/recipes";

export function FirstKey({ onDone }: { onDone: () => void }) {
  const [name, setName] = useState(t("setup.key.name"));
  const [made, setMade] = useState<MadeKey | null>(null);
  const make = async () => {
    const body: NewKey = { name };
    setMade(await act(() => post<MadeKey>("/api/keys", body)));
  };
  if (made)
    return (
      <div class="stack">
        <p>{t("keys.once")}</p>
        <CopyBlock text={made.secret} label={t("key")} />
        <Recipes base={address("/v1")} secret={made.secret} />
        <div>
          <Button kind="main" onClick={onDone}>
            {t("setup.done")}
          </Button>
        </div>
      </div>
    );
  return (
    <form class="stack" onSubmit={(event) => event.preventDefault()}>
      <Field name={t("name")} value={name} onInput={setName} />
      <div class="line">
        <Button kind="main" submit disabled={!name.trim()} onClick={make}>
          {t("keys.make")}
        </Button>
        <Button kind="plain" onClick={onDone}>
          {t("setup.later")}
        </Button>
      </div>
    </form>
  );
}
