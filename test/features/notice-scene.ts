/** Two nodes of a cluster with one virtual router: the first one is master. */
import type { Lab } from "../lab/lab.ts";
import { cluster, type Member, member } from "./cluster-scene.ts";

export const KEY = '{ method = "sha1", key = "secret" }';
export const SAME_WIRE = '{ type = "broadcast", interface = "eth0" }';
export const SECOND_WIRE = '{ type = "broadcast", interface = "eth1" }';
export const ADDRESS = "10.77.0.50";
/** An advert of each side, and a status. */
export const CALM_MS = 1200;

const vrrp = (level: number, more = ""): string => `
[vrrp.lan]
interface = "eth0"
vrid = 51
priority = ${level}
advert_interval = "1s"
addresses = ["${ADDRESS}/24"]
${more}
`;

/** Two nodes of a cluster, the first one master; `links` and `more` of each. */
export async function pair(
  lab: Lab,
  links: readonly [readonly string[], readonly string[]],
  more: readonly [string, string] = ["", ""],
  third = false,
): Promise<[Member, Member]> {
  const [a, b] = [member(lab, 0, "a"), member(lab, 1, "b")];
  // A line of this speed carries a status a second; a third node that is not there is given up soon.
  const text = (at: 0 | 1): string =>
    cluster(links[at], KEY)
      .replace(/keepalive = .*/, 'keepalive = "1s"')
      .replace('["a", "b"]', third ? '["a", "b", "c"]' : '["a", "b"]')
      .replace(/initdead = .*/, `initdead = "${third ? 5 : 60}s"`);
  const written = (at: 0 | 1): string => text(at) + vrrp(150 - at * 50, more[at]);
  await Promise.all([a.write(written(0)), b.write(written(1))]);
  await a.start();
  await a.says(["vrrp.state", "to=master"]);
  await b.start();
  await a.sees("b", "active");
  await b.sees("a", "active");
  await Bun.sleep(CALM_MS);
  return [a, b];
}
