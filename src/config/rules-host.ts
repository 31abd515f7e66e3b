/** What must hold between a file and the host that it was read on: who may write and read it, and the accounts it names. */
import { nodeName } from "./build.ts";
import type { Given } from "./kind.ts";
import type { ConfigSource } from "./model.ts";
import type { Report } from "./report.ts";
import type { Sections } from "./sections.ts";
import { entries } from "./sections.ts";
import type { ProbeValues } from "./tables-check.ts";
import { header, quote } from "./words.ts";

/** Permission bits of others and of the group. */
const WRITABLE_BY_OTHERS = 0o002;
const WRITABLE_BY_GROUP = 0o020;
const READABLE_BY_ANYONE_ELSE = 0o044;

/** A file that others may write is theirs, and it names commands. */
export function judgeWritable(mode: number, report: Report): void {
  if ((mode & WRITABLE_BY_OTHERS) !== 0) {
    report.error(0, "the file is writable by others; cure: chmod o-w");
  } else if ((mode & WRITABLE_BY_GROUP) !== 0) {
    report.warning(0, "the file is writable by its group, who so may run commands");
  }
}

/** A file with a key is for its owner to read. */
export function judgeReadable(
  mode: number,
  { routers, heartbeat, checks, services }: Sections,
  report: Report,
): void {
  if ((mode & READABLE_BY_ANYONE_ELSE) === 0) return;
  const keys = [
    ...routers.map(({ values }) => values.auth?.value?.key),
    heartbeat?.values.auth?.value.key,
    ...checks.flatMap(({ values }) => secretsOf(values)),
    ...services.flatMap(({ values }) =>
      [values.check, ...entries(values.real_servers).map(({ value }) => value.check)].flatMap((check) =>
        check === null || check.value === null ? [] : secretsOf(check.value),
      ),
    ),
  ];
  const key = keys.find((given) => given?.written === true);
  if (!key) return;
  report.warning(key.at, "the file holds a key and is readable by others than its owner; cure: chmod 600");
}

/** An agent without the rights of a router does the rest; it cannot get them while it runs. */
export function judgeRights(
  lacking: ConfigSource["lacking"],
  { routers, heartbeat }: Sections,
  report: Report,
): void {
  if (lacking === undefined || lacking.length === 0) return;
  const why = `which this agent was started without; cure: run as root, and stop and start it`;
  const first = routers[0];
  if (first !== undefined)
    report.error(first.at, `${header("vrrp", first.name)} needs ${lacking.join(" and ")}, ${why}`);
  if (heartbeat !== null) report.error(heartbeat.at, `[heartbeat] needs ${lacking.join(" and ")}, ${why}`);
}

/** What a check sends to say who it is. */
const secretsOf = ({
  headers,
  password,
}: Pick<ProbeValues, "headers" | "password">): readonly (Given<unknown> | null)[] => [headers, password];

/** Accounts that are written and are not there; a file may be checked on another host than its own, so these are warnings. */
export function judgeAccounts(accounts: ConfigSource["accounts"], { agent }: Sections, report: Report): void {
  const { script_user: user, control_group: group } = agent;
  if (accounts === null) return;
  if (user !== null && user.value !== null && !accounts.users.includes(user.value)) {
    const name = quote(user.value);
    report.warning(
      user.at,
      `there is no user ${name} on this host: no check, hook or notify command can run`,
    );
  }
  if (group !== null && group.value !== null && !accounts.groups.includes(group.value)) {
    report.warning(
      group.at,
      `there is no group ${quote(group.value)} on this host: the agent will not start`,
    );
  }
}

/** A node that its own cluster does not know would be heard by nobody. */
export function judgeMember(hostname: string, { agent, heartbeat }: Sections, report: Report): void {
  const nodes = heartbeat?.values.nodes;
  if (nodes === undefined || nodes === null || agent.node === null) return;
  const own = nodeName(agent.node.value, hostname);
  if (entries(nodes).some(({ value }) => value.toLowerCase() === own.toLowerCase())) return;
  const whence = agent.node.value === null ? "the host name" : "agent.node";
  report.error(nodes.at, `nodes does not name this node, ${quote(own)} (${whence}): add it`);
}
