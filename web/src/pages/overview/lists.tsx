/** The newest failures with their reason and next step, and how long models take. */
import { duration, number } from "../../format";
import type { FailureLine, ModelLatency } from "../../live/protocol.gen";
import { Badge } from "../../parts/badge";
import { Ago } from "../../parts/time";
import { href } from "../../route";
import { known, t, word } from "../../text";

export function Failures({ rows }: { rows: readonly FailureLine[] }) {
  if (!rows.length) return <p class="soft">{t("overview.failures.none")}</p>;
  return (
    <ul class="failures">
      {rows.slice(0, 6).map((one) => (
        <li key={one.job_id}>
          <a href={href("generations", { open: one.job_id })}>
            <span class="line spread">
              <Badge tone="bad">{word("code", one.code)}</Badge>
              <span class="soft small">
                <Ago at={one.at} />
              </span>
            </span>
            <span class="what">{one.detail}</span>
            {known(`todo.${one.code}`) && <span class="soft small">{word("todo", one.code)}</span>}
          </a>
        </li>
      ))}
    </ul>
  );
}

export function Latency({ rows }: { rows: readonly ModelLatency[] }) {
  if (!rows.length) return <p class="soft">{t("overview.latency.none")}</p>;
  return (
    <table class="plain-table">
      <thead>
        <tr>
          <th scope="col">{t("model")}</th>
          <th scope="col" class="number">
            {t("latency.median")}
          </th>
          <th scope="col" class="number">
            {t("latency.p95")}
          </th>
          <th scope="col" class="number">
            {t("latency.count")}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((one) => (
          <tr key={one.model}>
            <td>{one.model}</td>
            <td class="number">{duration(one.median_seconds)}</td>
            <td class="number">{duration(one.p95_seconds)}</td>
            <td class="number">{number(one.count)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
