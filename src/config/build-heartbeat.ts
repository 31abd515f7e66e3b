/** From a `[heartbeat]` table that was read, and found good, to what membership and links run on. */
import type { Family, Ip } from "../base/address.ts";
import { familyOf } from "../base/address.ts";
import { ms } from "../base/units.ts";
import type { HeartbeatConfig, LinkConfig } from "./heartbeat-model.ts";
import { buildResources } from "./build-resources.ts";
import { buildFence } from "./fence.ts";
import { buildKeys } from "./keys-file.ts";
import type { ConfigSource } from "./model.ts";
import type { LinkEntry } from "./rules-heartbeat.ts";
import { initdeadOf, warntimeOf } from "./rules-heartbeat.ts";
import type { HeartbeatSection } from "./sections.ts";
import { entries } from "./sections.ts";

/** Null if anything that it needs could not be read. */
export function buildHeartbeat(
  { values }: HeartbeatSection,
  keysFile: ConfigSource["keysFile"],
): HeartbeatConfig | null {
  const { keepalive, warntime, deadtime, initdead, udp_port: port, notify } = values;
  const auth = buildKeys(values, keysFile);
  const nodes = entries(values.nodes).map(({ value }) => value.toLowerCase());
  const resources = buildResources(values, nodes);
  const fence = buildFence(values);
  if (keepalive === null || warntime === null || deadtime === null || initdead === null) return null;
  if (auth === null || port === null || resources === undefined || fence === undefined) return null;
  const { link, node, group } = notify?.value ?? { link: null, node: null, group: null };
  if (link === null || node === null || group === null) return null;
  return {
    nodes,
    keepalive: keepalive.value,
    warntime: ms(warntimeOf(warntime.value, deadtime.value)),
    deadtime: deadtime.value,
    initdead: ms(initdeadOf(initdead.value, deadtime.value)),
    udpPort: port.value,
    auth,
    links: buildLinks(entries(values.links)),
    pings: [
      ...entries(values.ping_nodes).map(({ value }) => ({ name: value, addresses: [value] })),
      ...(values.ping_groups?.value ?? []).map(({ name, given }) => ({
        name: name.toLowerCase(),
        addresses: entries(given).map(({ value }) => value),
      })),
    ],
    resources,
    fence,
    notify: { link: link.value, node: node.value, group: group.value },
  };
}

/** In the order of the file; the peers of unicast links on one interface are gathered. */
function buildLinks(written: readonly LinkEntry[]): LinkConfig[] {
  const links: LinkConfig[] = [];
  const unicast = new Map<string, { family: Family; name: string; peers: Ip[] }>();
  for (const { value } of written) {
    const name = value.interface?.value ?? value.device?.value;
    if (name === undefined || name === null) continue;
    switch (value.type?.value) {
      case "broadcast":
        links.push({ type: "broadcast", name });
        break;
      case "multicast":
        if (value.group?.value)
          links.push({ type: "multicast", name, group: value.group.value, ttl: value.ttl?.value ?? 1 });
        break;
      case "serial":
        if (value.baud === null) break;
        links.push({
          type: "serial",
          name,
          baud: value.baud.value,
          rtscts: value.rtscts?.value ?? false,
        });
        break;
      case "unicast": {
        const peer = value.peer?.value;
        if (!peer) break;
        const family = familyOf(peer);
        const known = unicast.get(`${name} ${family}`);
        if (known !== undefined) {
          known.peers.push(peer);
          break;
        }
        const peers = [peer];
        unicast.set(`${name} ${family}`, { family, name, peers });
        links.push({ type: "unicast", name, family, peers });
        break;
      }
      default:
    }
  }
  return links;
}
