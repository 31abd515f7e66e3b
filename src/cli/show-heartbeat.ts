/** Heartbeat's part of the status for people: nodes, links and groups of resources, a line each, and what was dropped. */
import { duration } from "./duration.ts";
import type { HeartbeatReport } from "./report.ts";

const ago = (milliseconds: number | null): string =>
  milliseconds === null ? "never heard" : `heard ${duration(milliseconds)} ago`;

const kilobytes = (bytes: number): string =>
  bytes < 10_000 ? `${bytes} B` : `${Math.round(bytes / 1000)} kB`;

/** What can change of nodes and links, each with what names it. */
export const heartbeatStates = (report: HeartbeatReport | undefined): ReadonlyMap<string, string> =>
  new Map([
    ...(report?.nodes ?? []).map(({ name, state }) => [`node ${name}`, state] as const),
    ...(report?.links ?? []).map(
      ({ name, type, peer, state }) => [`link ${name} ${type} ${peer}`, state] as const,
    ),
    ...(report?.agreement ? [[`groups of ${report.agreement.node}`, report.agreement.state] as const] : []),
    ...(report?.fence ? [[`fence ${report.fence.node}`, report.fence.state] as const] : []),
    ...(report?.resources ?? []).map(
      ({ group, owner, state }) => [`group ${group}`, `${state} on ${owner ?? "no node"}`] as const,
    ),
  ]);

function fenceRow(fence: NonNullable<HeartbeatReport["fence"]>): string[] {
  const { node, state, failed, next_in_ms: next } = fence;
  const count = failed === 0 ? "" : `${failed} of its runs failed; `;
  return ["fence", node, state, `${count}${fenceWaits(state, node, next ?? null)}`];
}

function fenceWaits(state: string, node: string, next: number | null): string {
  const cure = `cure: make sure that it is off, then haagent fence confirm ${node}`;
  if (state === "blocked") return cure;
  if (state !== "blind") return "nothing is taken over yet";
  const until =
    next === null
      ? `one does or ${node} is heard; ${cure}`
      : `one does, ${node} is heard, or ${duration(next)} have passed`;
  return `waits to fence ${node}: no ping node answers, until ${until}`;
}

const agreementRow = ({ node, differences }: NonNullable<HeartbeatReport["agreement"]>): string[] => [
  "groups",
  node,
  "differ",
  `${differences.join("; ")}; cure: the same resources, auto_failback and ping nodes in both files, reload both`,
];

/** No lines where there is no heartbeat. */
export function heartbeatLines(report: HeartbeatReport): string[] {
  const { nodes, links, resources, fence, agreement, unkept, dropped } = report;
  if (nodes.length === 0) return [];
  const rows = [
    ...nodes.map(({ name, type, self, state, last_heard_ms: heard, left, failure }) => [
      type ?? "node",
      name,
      state,
      self === true
        ? "this node"
        : `${ago(heard)}${left === true ? ", had stopped" : ""}${typeof failure === "string" ? `; ${failure}` : ""}`,
    ]),
    ...links.map(({ name, type, peer, state, last_heard_ms: heard, failure, counters }) => [
      "link",
      `${name} ${type} ${peer}`,
      state,
      [
        ago(heard),
        ...(counters === undefined
          ? []
          : [`${kilobytes(counters.bytes_sent)} out, ${kilobytes(counters.bytes_received)} in`]),
        ...(counters !== undefined && counters.errors > 0 ? [`${counters.errors} not sent`] : []),
        ...(typeof failure === "string" ? [failure] : []),
      ].join("; "),
    ]),
    ...(resources ?? []).map(({ group, owner, state, prefers, detail }) => [
      "group",
      group,
      state,
      [
        owner !== null ? `on ${owner}` : state === "unknown" ? "where is not known" : "on NO NODE",
        ...(prefers === undefined || prefers === owner ? [] : [`prefers ${prefers}`]),
        ...(detail === undefined || detail === "" ? [] : [detail]),
      ].join("; "),
    ]),
    ...(agreement?.state === "differs" ? [agreementRow(agreement)] : []),
    ...(fence ? [fenceRow(fence)] : []),
    ...(typeof unkept === "string" ? [["state", "state_dir", "unkept", unkept]] : []),
  ];
  const width = (column: number): number => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const widths = [0, 1, 2].map(width);
  const lines = rows.map(
    (row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`,
  );
  const reasons = Object.entries(dropped ?? {}).filter(
    ([reason]) => !["duplicate", "own", "old"].includes(reason),
  );
  const told = reasons.map(([reason, count]) => `${count} ${reason}`).join(", ");
  return ["heartbeat", ...lines, ...(told === "" ? [] : [`  dropped  ${told}`])];
}
