/** Leaving accounts alone for a while, or until a time that one picks. */
import { useState } from "preact/hooks";
import { duration, meant, now, written } from "../../format";
import { Button } from "../../parts/button";
import { Dialog } from "../../parts/dialog";
import { Choices, Field } from "../../parts/field";
import { t } from "../../text";

const HOUR = 3600;
const SPANS = [HOUR, 6 * HOUR, 24 * HOUR, 7 * 24 * HOUR] as const;
const OWN = "own";

interface Props {
  title: string;
  onClose: () => void;
  onChosen: (until: number) => Promise<unknown>;
}

export function Rest({ title, onClose, onChosen }: Props) {
  const [span, setSpan] = useState(String(SPANS[0]));
  const [at, setAt] = useState(() => written(now.peek() + 24 * HOUR));
  const until = span === OWN ? meant(at) : now.value + Number(span);
  const past = !(until > now.value);
  const send = async () => {
    if ((await onChosen(until)) !== null) onClose();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form class="stack" onSubmit={(event) => event.preventDefault()}>
        <p class="soft">{t("account.rest.explains")}</p>
        <Choices
          name={t("account.rest.for")}
          value={span}
          options={[...SPANS.map((one) => [String(one), duration(one)] as const), [OWN, t("account.rest.own")]]}
          onChange={setSpan}
        />
        {span === OWN && (
          <Field name={t("account.rest.until")} type="datetime-local" value={at} onInput={setAt} wrong={past ? t("account.rest.past") : null} />
        )}
        <footer>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="main" submit disabled={past} onClick={send}>
            {t("account.rest.do")}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
