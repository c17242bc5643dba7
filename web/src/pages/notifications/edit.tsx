/** A new channel, or other choices for one. Address and secret are never shown again, so an empty one leaves what is kept. */
import { useState } from "preact/hooks";
import { describe } from "../../act";
import { patch, post } from "../../api";
import type { ChannelChanges, ChannelList, ChannelView, NewChannel } from "../../live/protocol.gen";
import { Button } from "../../parts/button";
import { Dialog } from "../../parts/dialog";
import { Check, Choices, Field } from "../../parts/field";
import { say } from "../../parts/toast";
import { t, word } from "../../text";

type Kind = ChannelView["kind"];
type Event = ChannelView["events"][number];

const KINDS: readonly Kind[] = ["json", "discord", "slack"];

interface Props {
  of: ChannelView | null;
  events: ChannelList["events"];
  onClose: () => void;
  onSaved: () => void;
}

export function EditChannel({ of: channel, events, onClose, onSaved }: Props) {
  const [name, setName] = useState(channel?.name ?? "");
  const [kind, setKind] = useState<Kind>(channel?.kind ?? "json");
  const [url, setUrl] = useState("");
  const [secret, setSecret] = useState("");
  const [wanted, setWanted] = useState<ReadonlySet<Event>>(new Set(channel?.events ?? events));
  const [cleared, setCleared] = useState(channel?.cleared ?? true);
  const [wrong, setWrong] = useState<string | null>(null);
  const ready = name.trim() && wanted.size > 0 && (channel || url.trim());
  const send = async () => {
    setWrong(null);
    const chosen = { name: name.trim(), kind, cleared, events: events.filter((event) => wanted.has(event)) };
    const secrets = { ...(url.trim() && { url: url.trim() }), ...(kind === "json" && secret.trim() && { secret: secret.trim() }) };
    try {
      if (channel) await patch(`/api/notifications/${encodeURIComponent(channel.id)}`, { ...chosen, ...secrets } satisfies ChannelChanges);
      else await post("/api/notifications", { ...chosen, ...secrets, url: url.trim() } satisfies NewChannel);
      say(channel ? t("saved") : t("notifications.added", { name: chosen.name }));
      onClose();
      onSaved();
    } catch (error) {
      setWrong(describe(error));
    }
  };
  const want = (event: Event, on: boolean) => setWanted(new Set(events.filter((one) => (one === event ? on : wanted.has(one)))));
  return (
    <Dialog title={channel ? t("notifications.change", { name: channel.name }) : t("notifications.add")} onClose={onClose}>
      <form class="stack" onSubmit={(event) => event.preventDefault()}>
        <Field name={t("name")} value={name} onInput={setName} />
        <Choices
          name={t("notifications.kind")}
          value={kind}
          options={KINDS.map((one) => [one, t(`notifications.kind.${one}`)] as const)}
          onChange={(one) => setKind(one as Kind)}
        />
        <Field
          name={t("notifications.url")}
          explains={t(channel ? "notifications.url.kept" : "notifications.url.explains")}
          type="url"
          autoComplete="off"
          placeholder={channel ? channel.place : "https://…"}
          value={url}
          onInput={setUrl}
        />
        {kind === "json" && (
          <Field
            name={t("notifications.secret")}
            explains={t(channel?.signed ? "notifications.url.kept" : "notifications.secret.explains")}
            type="password"
            autoComplete="off"
            value={secret}
            onInput={setSecret}
          />
        )}
        <fieldset class="field">
          <legend>{t("notifications.events")}</legend>
          {events.map((event) => (
            <Check key={event} name={word("alert", event)} checked={wanted.has(event)} onChange={(on) => want(event, on)} />
          ))}
        </fieldset>
        <Check name={t("notifications.cleared")} checked={cleared} onChange={setCleared} />
        {wrong && (
          <p class="bad-text" role="alert">
            {wrong}
          </p>
        )}
        <footer>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="main" submit disabled={!ready} onClick={send}>
            {t("save")}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
