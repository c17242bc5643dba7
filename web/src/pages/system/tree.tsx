/** The supervision tree: each node below the one above it, with its state, its mailbox and its restarts. */
import type { NodeView, Restart } from "../../live/protocol.gen";
import { act } from "../../act";
import { post } from "../../api";
import { number } from "../../format";
import { Badge, type Tone } from "../../parts/badge";
import { Button } from "../../parts/button";
import { sure } from "../../parts/dialog";
import { t, word } from "../../text";

const TONES: Record<string, Tone> = { running: "good", starting: "working", waiting: "resting", draining: "working", parked: "bad", stopped: "quiet" };
const DEEPEST = 6;

export function Tree({ nodes }: { nodes: readonly NodeView[] }) {
  return (
    <div class="table-box">
      <table class="table tree" aria-label={t("system.tree")}>
        <thead>
          <tr>
            <th scope="col">{t("name")}</th>
            <th scope="col">{t("state")}</th>
            <th scope="col" class="number">{t("system.depth")}</th>
            <th scope="col" class="number">{t("system.peak")}</th>
            <th scope="col" class="number">{t("system.dropped")}</th>
            <th scope="col" class="number">{t("system.restarted")}</th>
            <th scope="col">{t("system.last.error")}</th>
            <th scope="col" class="tick">
              <span class="hidden-text">{t("actions")}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {inOrder(nodes).map(({ node, depth }) => (
            <tr key={node.path}>
              <td class={`level-${Math.min(depth, DEEPEST)}`}>
                <span class={node.kind === "supervisor" ? "supervisor" : ""}>{node.name}</span>
              </td>
              <td>
                <Badge tone={TONES[node.state] ?? "quiet"}>{word("node", node.state)}</Badge>
              </td>
              <td class="number">{node.mailbox && `${number(node.mailbox.depth)} / ${number(node.mailbox.size)}`}</td>
              <td class="number">{node.mailbox && number(node.mailbox.peak)}</td>
              <td class="number">{node.mailbox && number(node.mailbox.dropped)}</td>
              <td class="number">{number(node.restarts)}</td>
              <td class="wide" title={node.last_error ?? undefined}>
                {node.last_error}
              </td>
              <td class="tick">{node.parent && <Again node={node} nodes={nodes} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What the restart of a part costs those who wait, by its name at the top; of any other part they notice a short wait at most. */
const COSTS: Record<string, "system.restart.server" | "system.restart.paid"> = {
  server: "system.restart.server",
  accounts: "system.restart.paid",
  jobs: "system.restart.paid",
};

function Again({ node, nodes }: { node: NodeView; nodes: readonly NodeView[] }) {
  const restart = async () => {
    const many = nodes.filter((one) => one.path.startsWith(`${node.path}/`)).length;
    const way = wayTo(node, nodes);
    const own = many ? t("system.restart.branch", { n: many }) : t("system.restart.body");
    const cost = node.name === "accounts desk" ? undefined : COSTS[way[0] ?? ""];
    const body = cost ? `${own} ${t(cost)}` : own;
    if (!(await sure(t("system.restart", { name: node.name }), body, t("system.restart.do")))) return;
    await act(() => post("/api/system/restart", { path: way } satisfies Restart), t("system.restarting", { name: node.name }));
  };
  return <Button tiny kind="plain" icon="again" label={t("system.restart", { name: node.name })} onClick={restart} />;
}

/** The name at each level below the root. */
export function wayTo(node: NodeView, nodes: readonly NodeView[]): string[] {
  const above = nodes.find((one) => one.path === node.parent);
  return above ? [...wayTo(above, nodes), node.name] : [];
}

/** Parents before their children, siblings in the order in which they came. */
export function inOrder(nodes: readonly NodeView[]): { node: NodeView; depth: number }[] {
  const below = new Map<string, NodeView[]>();
  const paths = new Set(nodes.map((node) => node.path));
  for (const node of nodes) {
    const parent = paths.has(node.parent) ? node.parent : "";
    below.set(parent, [...(below.get(parent) ?? []), node]);
  }
  const walk = (parent: string, depth: number): { node: NodeView; depth: number }[] =>
    (below.get(parent) ?? []).flatMap((node) => [{ node, depth }, ...walk(node.path, depth + 1)]);
  return walk("", 0);
}
