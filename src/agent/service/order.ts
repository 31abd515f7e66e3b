/** `haagent server drain|disable|enable SERVICE ADDRESS`: the operator's word on a real server, until `enable` or a restart. */
import { isMeant, serverName } from "../../config/server-name.ts";
import type { Reply, Request } from "../boundary.ts";
import type { World } from "../world.ts";

/** The answer names what the server is from now on. */
export function orderServer({ services }: World, asked: Extract<Request, { command: "server" }>): Reply {
  const state = services.states.get(asked.service);
  if (state === undefined) {
    return { exit: 1, body: { error: `no virtual server is called ${asked.service}` } };
  }
  const meant = isMeant(asked.server);
  const found = state.servers.filter(({ config }) => meant(config));
  const [server] = found;
  if (server === undefined) {
    const known = state.servers.map(({ config: { name } }) => name).join(", ");
    return { exit: 1, body: { error: `${asked.service} has no server ${asked.server}; it has ${known}` } };
  }
  const exact = found.find(({ config: { name } }) => name === serverName(asked.server));
  if (found.length > 1 && exact === undefined) {
    const names = found.map(({ config: { name } }) => name).join(", ");
    return { exit: 1, body: { error: `${asked.service} has ${names}: name the port` } };
  }
  const { name } = (exact ?? server).config;
  services.order(asked.service, name, asked.order === "enable" ? null : asked.order);
  return { exit: 0, body: { [WORDS[asked.order]]: [`${asked.service} ${name}`] } };
}

const WORDS = { drain: "drained", disable: "disabled", enable: "enabled" } as const;
