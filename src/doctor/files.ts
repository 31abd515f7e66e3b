/** Files: whoever can change a script or the agent's directories decides what the agent does; whoever cannot run one does nothing. */
import type { Config } from "../config/model.ts";
import { wrongsOf } from "../config/path-safety.ts";
import type { Facts, PathFact } from "./facts.ts";
import type { Finding } from "./finding.ts";

const WRITABLE_BY_GROUP = 0o020;
const WRITABLE_BY_OTHERS = 0o002;
/** What runtime_dir and state_dir keep from others (0750). */
const BEYOND_0750 = 0o027;

const octal = (mode: number): string => `0${(mode & 0o7777).toString(8)}`;

/** All findings about files. */
export function fileFindings(facts: Facts, config: Config): readonly Finding[] {
  const { runtimeDir, stateDir } = config.agent;
  const programs = [...usesOf(config)];
  return [
    ...programs.flatMap(([program, used]) => programFindings(facts, program, used)),
    ...directory(facts, "runtime_dir", runtimeDir),
    ...directory(facts, "state_dir", stateDir),
  ];
}

/** What runs a program. */
interface Use {
  readonly by: string;
  /** As the agent; else as the script user. */
  readonly asRoot: boolean;
}
/** Who the agent runs as. */
const ROOT = { uid: 0, gid: 0 };

/** The programs that a configuration runs, each with what runs it. */
export function usesOf({ checks, routers, services, heartbeat }: Config): ReadonlyMap<string, Use> {
  const uses = new Map<string, Use>();
  const use = (argv: readonly string[], by: string, asRoot = false): void => {
    const [program] = argv;
    if (program !== undefined && !uses.has(program)) uses.set(program, { by, asRoot });
  };
  for (const { name, probe } of checks) if (probe.type === "script") use(probe.command, `[check.${name}]`);
  for (const { name, notify, hooks } of routers) {
    for (const list of Object.values(notify)) for (const argv of list) use(argv, `notify of ${name}`);
    const { beforeTake, afterTake, beforeRelease } = hooks;
    for (const argv of [...beforeTake, ...afterTake, ...beforeRelease]) use(argv, `a hook of ${name}`);
  }
  for (const { name, notify, servers, fallback } of services) {
    for (const list of Object.values(notify)) for (const argv of list) use(argv, `notify of ${name}`);
    for (const server of [...servers, ...(fallback === null ? [] : [fallback])]) {
      if (server.check?.probe.type === "script") use(server.check.probe.command, `a check of ${name}`);
    }
  }
  for (const list of Object.values(heartbeat?.notify ?? {}))
    for (const argv of list) use(argv, "notify of [heartbeat]");
  use(heartbeat?.fence?.argv ?? [], "the fence", true);
  return uses;
}

/** A path and the directories above it, `/` left out. */
export function upwards(path: string): string[] {
  const parts = path.split("/").filter((part) => part !== "");
  return parts.map((_, at) => `/${parts.slice(0, parts.length - at).join("/")}`);
}

function programFindings(facts: Facts, program: string, { by: used, asRoot }: Use): Finding[] {
  const about = { part: "vrrp", id: "script", subject: program } as const;
  const path = facts.programs.get(program) ?? null;
  const file = path === null ? null : (facts.paths.get(path) ?? null);
  if (path === null || file === null) {
    const cure = "write the absolute path of a program that is there";
    return [{ ...about, severity: "degraded", text: `${used} runs it, and it is not there`, cure }];
  }
  const who = asRoot ? ROOT : facts.scriptUser;
  return [...runnable(facts, path, file, used, who), ...safe(facts, path, used, who)].map((finding) => ({
    ...about,
    ...finding,
  }));
}

type Said = Pick<Finding, "severity" | "text" | "cure">;

/** The permission bits that count for a user: of the owner, of the group or of the others, as the kernel chooses. */
function bitsFor({ mode, uid, gid }: PathFact, who: { readonly uid: number; readonly gid: number }): number {
  if (who.uid === 0) return (mode & 0o111) === 0 ? 6 : 7;
  return who.uid === uid ? (mode >> 6) & 7 : who.gid === gid ? (mode >> 3) & 7 : mode & 7;
}

function runnable(
  facts: Facts,
  path: string,
  file: PathFact,
  used: string,
  who: Facts["scriptUser"],
): Said[] {
  if (who === null) {
    const cure = "useradd --system haagent-script, or write script_user";
    return [{ severity: "degraded", text: `${used} runs it, and there is no user to run it as`, cure }];
  }
  if (file.kind !== "file") {
    return [{ severity: "degraded", text: `${used} runs it, and it is no file`, cure: "name a program" }];
  }
  const closed = upwards(path)
    .slice(1)
    .find((above) => {
      const fact = facts.paths.get(above);
      return fact !== undefined && fact !== null && (bitsFor(fact, who) & 1) === 0;
    });
  if (closed !== undefined) {
    const text = `${used} runs it as uid ${who.uid}, who may not pass through ${closed}`;
    return [{ severity: "degraded", text, cure: `chmod o+x ${closed}, or another script_user` }];
  }
  const bits = bitsFor(file, who);
  const wanted = file.script ? 5 : 1;
  if ((bits & wanted) === wanted) return [];
  const what = (bits & 1) === 0 ? "execute" : "read";
  const text = `${used} runs it as uid ${who.uid}, who may not ${what} it (mode ${octal(file.mode)})`;
  return [{ severity: "degraded", text, cure: `chmod 755 ${path}, or another script_user` }];
}

/** Whether only root and the script's user can change what runs: the file itself, and the directories that name it. */
function safe(facts: Facts, path: string, used: string, who: Facts["scriptUser"]): Said[] {
  const found: Said[] = [];
  for (const place of upwards(path)) {
    const fact = facts.paths.get(place);
    if (fact === undefined || fact === null) continue;
    const { mode, uid, gid, kind: type } = fact;
    const isDirectory = type === "directory";
    const owners = who === null ? [] : [who.uid];
    for (const { kind, why, cure } of wrongsOf({ path: place, isDirectory, mode, uid, gid }, owners)) {
      const text =
        kind === "writable"
          ? `${place} ${why} (mode ${octal(mode)}), who so decide what ${used} runs`
          : `${place} ${why}, neither root nor the user that ${used} runs as`;
      found.push({ severity: "degraded", text, cure });
    }
  }
  return found;
}

function directory({ paths }: Facts, key: string, path: string): Finding[] {
  const fact = paths.get(path);
  if (fact === undefined || fact === null) return [];
  const about = { part: "vrrp", id: "mode", subject: path } as const;
  if (fact.kind !== "directory") {
    const cure = `move it away, or write another ${key}`;
    return [{ ...about, severity: "fault", text: `${key} is no directory`, cure }];
  }
  if ((fact.mode & BEYOND_0750) === 0) return [];
  const writable = (fact.mode & (WRITABLE_BY_GROUP | WRITABLE_BY_OTHERS)) !== 0;
  return [
    {
      ...about,
      severity: writable ? "fault" : "degraded",
      text: `${key} has mode ${octal(fact.mode)}: ${writable ? "others can forge the ledger and the control socket" : "others see into it"}`,
      cure: `chmod 750 ${path}`,
    },
  ];
}
