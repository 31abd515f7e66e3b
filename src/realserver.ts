/** `haagent realserver`: the addresses of services on lo, by hand. What the agent keeps by `[realserver]` it keeps by itself. */
import { join } from "node:path";
import type { Ip } from "./base/address.ts";
import type { Intent } from "./cli/arguments.ts";
import { EXIT } from "./cli/exit.ts";
import { realServerText } from "./cli/show-realserver.ts";
import { load } from "./config/load.ts";
import { printFinding } from "./config/print.ts";
import { RUNTIME_DIR, runtimeDirOf } from "./config/runtime-dir.ts";
import { readConfig } from "./io/config-file.ts";
import { BY_HAND, RealServer } from "./io/realserver.ts";
import { complain, err, out } from "./io/terminal.ts";

type Asked = Extract<Intent, { readonly kind: "realserver" }>;

/** Where it is written down, and the addresses that a `start` without any means, those of `[realserver]`; null: the file is wrong, and said to be. */
async function settings({ config: path, action, addresses }: Asked): Promise<{
  readonly directory: string;
  readonly named: readonly Ip[];
} | null> {
  const source = readConfig(path);
  const directory = source.text === null ? RUNTIME_DIR : (runtimeDirOf(source) ?? RUNTIME_DIR);
  if (action !== "start" || addresses.length > 0 || source.text === null) return { directory, named: [] };
  const { config, findings } = load(source);
  if (config !== null) return { directory, named: config.realserver };
  await err(findings.map((each) => `${printFinding(path, each)}\n`).join(""));
  return null;
}

/** Does what was asked; its exit code. */
export async function realServer(asked: Asked): Promise<number> {
  const found = await settings(asked);
  if (found === null) return EXIT.input;
  const given = asked.addresses.length > 0 ? asked.addresses : found.named;
  if (given.length === 0 && asked.action === "start") {
    await complain("no address: name one, or write [realserver] (see haagent realserver --help)");
    return EXIT.usage;
  }
  const warnings: string[] = [];
  const opened = RealServer.open(join(found.directory, BY_HAND), (detail) => void warnings.push(detail));
  if (!opened.ok) {
    await complain(opened.error);
    return EXIT.refused;
  }
  const server = opened.value;
  const code = await act(asked, given, server);
  server.close();
  for (const warning of warnings) await complain(warning);
  return code;
}

async function act(
  { action, addresses, json }: Asked,
  given: readonly Ip[],
  server: RealServer,
): Promise<number> {
  const ours = server.ours();
  const over = addresses.length > 0 ? addresses : ours;
  const shown = given.length > 0 ? given : ours;
  const done =
    action === "status"
      ? server.look(shown)
      : server.set(
          action === "start"
            ? [...new Set([...ours, ...given])]
            : ours.filter((each) => !over.includes(each)),
        );
  if (!done.ok) {
    await complain(`rtnetlink: ${done.error}`);
    return EXIT.refused;
  }
  if (action === "stop") {
    const left = over.filter((each) => !ours.includes(each));
    await out(
      over
        .map((each) => (left.includes(each) ? `${each}: not started by hand\n` : `${each}: stopped\n`))
        .join(""),
    );
    return EXIT.done;
  }
  const told = done.value.addresses.filter(({ address }) => shown.includes(address));
  const wrong = told.some(({ held, failure }) => !held || failure !== null);
  await out(json ? `${JSON.stringify({ schema: 1, addresses: told })}\n` : realServerText(told));
  if (!wrong) return EXIT.done;
  return action === "start" ? EXIT.refused : EXIT.degraded;
}
