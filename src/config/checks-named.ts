/** Which checks an operator means by the name of a virtual server, or of a check. */
import type { Result } from "../base/result.ts";
import { fail, ok } from "../base/result.ts";
import type { CheckConfig, Config } from "./model.ts";
import { hint } from "./nearest.ts";
import { isMeant } from "./server-name.ts";
import { quote } from "./words.ts";

/** Those of all servers of a service and of its fallback, or of the one at `address`; or `[check.NAME]`. The error is a sentence. */
export function checksToRun(
  { services, checks }: Config,
  name: string,
  address: string | null,
): Result<readonly CheckConfig[], string> {
  const service = services.find((each) => each.name === name);
  if (service === undefined) {
    const check = checks.find((each) => each.name === name);
    if (check !== undefined && address === null) return ok([check]);
    const known = [...services, ...checks].map((each) => each.name);
    return fail(`no virtual server and no check is called ${quote(name)}${hint(name, known)}`);
  }
  const all = [...service.servers, ...(service.fallback === null ? [] : [service.fallback])];
  const meant = address === null ? all : all.filter(isMeant(address));
  if (meant.length === 0) {
    const names = all.map((server) => server.name).join(", ");
    return fail(`${name} has no server ${quote(address ?? "")}; it has ${names}`);
  }
  const probed = meant.flatMap(({ check }) => check ?? []);
  return probed.length > 0 ? ok(probed) : fail(`${name}: there is no check to run`);
}
