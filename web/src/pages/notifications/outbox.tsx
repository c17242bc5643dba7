/** What channels did not take: still to be told, or given up after all tries. What was taken is not kept. */
import { act } from "../../act";
import { post } from "../../api";
import { now, number } from "../../format";
import type { ChannelView, News, Notice } from "../../live/protocol.gen";
import { Badge } from "../../parts/badge";
import { Button } from "../../parts/button";
import { None } from "../../parts/empty";
import { Ago } from "../../parts/time";
import { t } from "../../text";

/** What was given up comes first, since it wants a person; the newest of each first. */
export function arranged(notices: readonly Notice[]): Notice[] {
  const given = (one: Notice) => Number(one.next_at === null);
  return [...notices].sort((a, b) => given(b) - given(a) || b.created_at - a.created_at);
}

/** How many messages wait for a channel, and how many it was never told; nothing where there are none. */
export function Untold({ of: { waiting, given_up } }: { of: ChannelView }) {
  if (!waiting && !given_up) return <None />;
  return (
    <span class="line nowrap">
      {given_up > 0 && <Badge tone="bad">{t("notifications.given_up.n", { n: number(given_up) })}</Badge>}
      {waiting > 0 && <Badge tone="working">{t("notifications.waiting.n", { n: number(waiting) })}</Badge>}
    </span>
  );
}

interface Props {
  notices: readonly Notice[];
  channels: readonly ChannelView[];
  again: () => Promise<void>;
}

export function Outbox({ notices, channels, again }: Props) {
  if (!notices.length) return null;
  const names = new Map(channels.map((channel) => [channel.id, channel.name]));
  const resend = async (one: Notice) => {
    await act(() => post(`/api/notifications/outbox/${encodeURIComponent(one.id)}/resend`), t("notifications.again.done"));
    await again();
  };
  return (
    <section class="card" aria-label={t("notifications.outbox")}>
      <header>
        <h2>{t("notifications.outbox")}</h2>
      </header>
      <ul class="rows">
        {arranged(notices).map((one) => (
          <li key={one.id}>
            <Badge tone={one.next_at === null ? "bad" : "working"}>
              {t(one.next_at === null ? "notifications.given_up" : "notifications.waiting")}
            </Badge>
            <span class="grow notice-told">
              <span title={one.news.alert.detail}>{about(one.news)}</span>
              <span class="soft small">
                {t("notifications.for", { name: names.get(one.channel_id) ?? one.channel_id })}
                {one.error && ` · ${one.error}`}
              </span>
            </span>
            <span class="soft small">
              {one.tries > 0 && <>{t("notifications.tries", { n: one.tries })} · </>}
              {one.next_at === null ? <Ago at={one.created_at} /> : <Next at={one.next_at} />}
            </span>
            {one.next_at === null && (
              <Button tiny onClick={() => resend(one)}>
                {t("notifications.again")}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What is due at this moment is being told, or is as soon as its channel is free. */
function Next({ at }: { at: number }) {
  if (at <= now.value) return <>{t("notifications.due")}</>;
  return (
    <>
      {t("webhooks.next")} <Ago at={at} />
    </>
  );
}

function about({ type, alert }: News): string {
  return type === "alert.cleared" ? t("notifications.over", { what: alert.title }) : alert.title;
}
