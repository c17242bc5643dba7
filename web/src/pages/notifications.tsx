/** Who is told when something wants a person: the channels, how the last message to each went, and a test. */
import { useCallback, useEffect, useState } from "preact/hooks";
import { act } from "../act";
import { del, patch, post } from "../api";
import { PageAction } from "../frame";
import type { ChannelChanges, ChannelList, ChannelView, NoticeList, Sent } from "../live/protocol.gen";
import { alerts } from "../live/state";
import { Badge } from "../parts/badge";
import { Button } from "../parts/button";
import { sure } from "../parts/dialog";
import { Empty, Fault, None } from "../parts/empty";
import { type Column, Table } from "../parts/table";
import { Ago } from "../parts/time";
import { complain, say } from "../parts/toast";
import { useAsked } from "../parts/use";
import { t, word } from "../text";
import { EditChannel } from "./notifications/edit";
import { Outbox, Untold } from "./notifications/outbox";

const LOOK_MS = 5000;

const one = (id: string) => `/api/notifications/${encodeURIComponent(id)}`;

export default function Notifications() {
  const { data, error, notices, again } = useChannels();
  const [editing, setEditing] = useState<ChannelView | "new" | null>(null);
  const add = (
    <Button kind="main" icon="plus" onClick={() => setEditing("new")}>
      {t("notifications.add")}
    </Button>
  );
  return (
    <>
      <PageAction>{add}</PageAction>
      {error !== null && <Fault error={error} again={again} />}
      {(data || error === null) && (
        <Table
          id="notifications"
          label={t("page.notifications")}
          columns={columns(data?.events.length ?? 0, setEditing, again)}
          rows={data?.channels ?? null}
          keyOf={(channel) => channel.id}
          empty={
            <Empty title={t("notifications.empty")} action={add}>
              {t("notifications.empty.next")}
            </Empty>
          }
        />
      )}
      {data && <Outbox notices={notices} channels={data.channels} again={again} />}
      {editing && data && (
        <EditChannel of={editing === "new" ? null : editing} events={data.events} onClose={() => setEditing(null)} onSaved={again} />
      )}
    </>
  );
}

/** Channels with what waits for them. Tries are not told over the websocket, so it is looked again while the page is shown. */
function useChannels() {
  // A new alert is a new message.
  const { data, error, again: askChannels } = useAsked<ChannelList>("/api/notifications", alerts.value);
  const outbox = useAsked<NoticeList>("/api/notifications/outbox", alerts.value);
  const askNotices = outbox.again;
  const again = useCallback(async () => void (await Promise.all([askChannels(), askNotices()])), [askChannels, askNotices]);
  useEffect(() => {
    const id = setInterval(() => document.hidden || void again(), LOOK_MS);
    return () => clearInterval(id);
  }, [again]);
  return { data, error: error ?? outbox.error, notices: outbox.data?.notices ?? [], again };
}

function columns(all: number, edit: (channel: ChannelView) => void, again: () => Promise<void>): Column<ChannelView>[] {
  return [
    { id: "name", title: t("name"), sort: (channel) => channel.name.toLowerCase(), cell: (channel) => channel.name },
    { id: "state", title: t("state"), sort: (channel) => Number(channel.enabled), cell: state },
    { id: "kind", title: t("notifications.kind"), extra: true, sort: (channel) => channel.kind, cell: (channel) => word("notifications.kind", channel.kind) },
    { id: "place", title: t("notifications.place"), sort: (channel) => channel.place, cell: (channel) => channel.place },
    { id: "about", title: t("notifications.about"), cell: (channel) => about(channel, all) },
    { id: "last", title: t("notifications.last"), cell: (channel) => <Last of={channel.last} /> },
    {
      id: "untold",
      title: t("notifications.untold"),
      sort: (channel) => channel.given_up * 1e6 + channel.waiting,
      cell: (channel) => <Untold of={channel} />,
    },
    { id: "do", title: t("actions"), cell: (channel) => <Acts of={channel} edit={edit} again={again} /> },
  ];
}

function state({ enabled }: ChannelView) {
  return <Badge tone={enabled ? "good" : "quiet"}>{t(enabled ? "notifications.on" : "notifications.off")}</Badge>;
}

function about({ events }: ChannelView, all: number) {
  const text = events.length === all ? t("notifications.about.all") : events.map((event) => word("alert", event)).join(", ");
  return <span title={text}>{text}</span>;
}

function Last({ of: sent }: { of: Sent | null }) {
  if (!sent) return <None />;
  return (
    <>
      <Badge tone={sent.error ? "bad" : "good"} title={sent.error || sent.title}>
        {t(sent.error ? "notifications.refused" : "notifications.taken")}
      </Badge>{" "}
      <span class="soft small">
        <Ago at={sent.at} />
      </span>
    </>
  );
}

function Acts({ of: channel, edit, again }: { of: ChannelView; edit: (channel: ChannelView) => void; again: () => Promise<void> }) {
  const { id, name, enabled } = channel;
  const test = async () => {
    const sent = await act(() => post<Sent>(`${one(id)}/test`));
    if (sent?.error) complain(t("notifications.test.bad", { name, why: sent.error }));
    else if (sent) say(t("notifications.test.good", { name }));
    await again();
  };
  const turn = async () => {
    await act(() => patch(one(id), { enabled: !enabled } satisfies ChannelChanges), t("saved"));
    await again();
  };
  const remove = async () => {
    if (!(await sure(t("notifications.remove.title", { name }), t("notifications.remove.body"), t("remove")))) return;
    await act(() => del(one(id)), t("notifications.removed", { name }));
    await again();
  };
  return (
    <span class="line nowrap">
      <Button tiny onClick={test}>
        {t("notifications.test")}
      </Button>
      <Button tiny icon={enabled ? "pause" : "play"} label={t(enabled ? "notifications.turn.off" : "notifications.turn.on")} onClick={turn} />
      <Button tiny icon="settings" label={t("notifications.change", { name })} onClick={() => edit(channel)} />
      <Button tiny kind="danger" icon="bin" label={t("notifications.remove.title", { name })} onClick={remove} />
    </span>
  );
}
