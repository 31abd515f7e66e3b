/** The names of the virtual routers of a configuration, also of one that is wrong: for whoever types one. */
import type { ConfigSource } from "./model.ts";
import { isName } from "./network.ts";
import { Report } from "./report.ts";
import { parseToml } from "./syntax.ts";
import { isTable } from "./words.ts";

/** In the order of the file; none where it cannot be read. */
export function routerNamesOf(source: ConfigSource): string[] {
  const parsed = source.text === null ? null : parseToml(source.text, new Report());
  const routers = parsed !== null && isTable(parsed.values) ? parsed.values["vrrp"] : undefined;
  return isTable(routers) ? Object.keys(routers).filter(isName) : [];
}
