/** One line of the log; what else it tells unfolds. */
import { exactTime } from "../../format";
import type { LogLine } from "../../live/protocol.gen";
import { language } from "../../prefs";
import { href, hrefWith } from "../../route";
import { t } from "../../text";

function timeOfDay(at: number): string {
  return new Date(at * 1000).toLocaleTimeString(language.value === "zh" ? "zh-CN" : undefined, { hour12: false });
}

export function Line({ line }: { line: LogLine }) {
  const level = line.level.toLowerCase();
  const fields = Object.entries(line.fields);
  const more = line.traceback || line.error || fields.length > 0;
  const head = (
    <>
      <time title={exactTime(line.at)}>{timeOfDay(line.at)}</time>
      <span class={`level level-${level}`}>{level}</span>
      <span class="logger">{line.logger.replace(/^flow2api\./, "")}</span>
      <span class="message">
        {line.message}
        {line.error && <span class="bad-text"> {line.error}</span>}
      </span>
    </>
  );
  return (
    <li>
      {more || line.job_id || line.account_id || line.request_id ? (
        <details>
          <summary>{head}</summary>
          <div class="more">
            {line.job_id && <a href={href("generations", { open: line.job_id })}>{t("generation")} {line.job_id}</a>}
            {line.account_id && <a href={href("accounts", { open: line.account_id })}>{t("account")} {line.account_id}</a>}
            {line.request_id && <a href={hrefWith({ q: line.request_id })}>{line.request_id}</a>}
            {fields.map(([name, value]) => (
              <span key={name}>
                <b>{name}</b>={value}
              </span>
            ))}
            {line.traceback && <pre>{line.traceback}</pre>}
          </div>
        </details>
      ) : (
        <div class="single">{head}</div>
      )}
    </li>
  );
}
