/** Every setting: its value and where that comes from, its default and what it does; what may be changed is changed here, at once. */
import { PageAction } from "../frame";
import type { SettingList, SettingView } from "../live/protocol.gen";
import { settingsRound } from "../live/state";
import { Badge } from "../parts/badge";
import { Button } from "../parts/button";
import { Empty, Fault, Skeleton } from "../parts/empty";
import { Chips, Filter, matches, Search, Tools } from "../parts/tools";
import { useAsked } from "../parts/use";
import { param, setParams } from "../route";
import { known, t } from "../text";
import { Editor, reset, told } from "./settings/editor";

export default function Settings() {
  const { data, error, again } = useAsked<SettingList>("/api/settings", settingsRound.value);
  const shown = data?.settings.filter(wanted) ?? [];
  const sections = data?.sections.filter((section) => shown.some((one) => one.section === section)) ?? [];
  const changed = data?.settings.filter((one) => one.changed).length;
  return (
    <>
      <PageAction>
        <Button disabled={!changed} onClick={() => setParams({ show: "changed" })}>
          {t("settings.changed.n", { n: changed ?? 0 })}
        </Button>
      </PageAction>
      <Tools>
        <Search label={t("settings.search")} />
        <Chips
          name="show"
          label={t("settings.which")}
          options={[
            { value: "", text: t("settings.run.time") },
            { value: "changed", text: t("settings.changed"), n: changed },
            { value: "all", text: t("all"), n: data?.settings.length },
          ]}
        />
        <Filter name="section" label={t("settings.section")} options={data?.sections.map((one) => [one, one] as const) ?? []} />
      </Tools>
      {error !== null && <Fault error={error} again={again} />}
      {!data && error === null && <Skeleton rows={10} />}
      {data && shown.length === 0 && <Empty title={t("table.none")} />}
      {sections.map((section) => (
        <section key={section} class="card" aria-label={section}>
          <header>
            <h2>{section}</h2>
          </header>
          <ul class="settings">
            {shown
              .filter((one) => one.section === section)
              .map((one) => (
                <Setting key={one.name} of={one} again={again} />
              ))}
          </ul>
        </section>
      ))}
    </>
  );
}

function wanted(one: SettingView): boolean {
  const [show, section] = [param("show"), param("section")];
  if (show === "changed" ? !one.changed : show !== "all" && !one.run_time) return false;
  return (!section || one.section === section) && matches(param("q"), one.name, one.description, one.environment);
}

function Setting({ of: one, again }: { of: SettingView; again: () => Promise<void> }) {
  return (
    <li>
      <div class="stack tight">
        <strong class="mono">{one.name}</strong>
        <span>{one.description}</span>
        <span class="soft small">
          {t("settings.allowed")} {one.allowed} · {t("settings.default")} <code>{told(one.default) || "–"}</code>
        </span>
      </div>
      <div class="stack tight">
        {one.run_time && !one.outranked_by ? (
          <Editor key={JSON.stringify(one.value)} of={one} again={again} />
        ) : (
          <code class="whole-prompt">{told(one.value) || "–"}</code>
        )}
        <div class="line small">
          <Badge tone={one.changed ? "working" : "quiet"}>{sourceWords(one.source)}</Badge>
          {!one.run_time && <span class="soft">{t("settings.at.start")}</span>}
          {one.outranked_by && <span class="soft">{t("settings.outranked", { by: one.outranked_by })}</span>}
          {one.changed && (
            <Button tiny kind="plain" onClick={() => reset(one, again)}>
              {t("settings.reset")}
            </Button>
          )}
        </div>
      </div>
    </li>
  );
}

/** A file or a variable stands there by its own name. */
function sourceWords(source: string): string {
  const key = `settings.source.${source}`;
  return known(key) ? t(key) : source;
}
