/** Virtual addresses that somebody else has a claim to: on an interface already, left by a dead agent, in another daemon's file. */
import type { KernelAddress } from "../agent/boundary.ts";
import type { Ip } from "../base/address.ts";
import { parseIp } from "../base/address.ts";
import type { AddressConfig, Config, RouterConfig } from "../config/model.ts";
import { OWNER } from "../vrrp/state.ts";
import type { Facts, Rival } from "./facts.ts";
import type { Finding } from "./finding.ts";

/** All findings about addresses. */
export function addressFindings(facts: Facts, { routers }: Config): readonly Finding[] {
  // The owner's addresses are there by themselves, and whoever adopts says that they may be.
  const strict = routers.filter(({ priority, onFound }) => priority !== OWNER && onFound === "fault");
  const moved = routers.filter(({ priority }) => priority !== OWNER);
  return [
    ...strict.flatMap((router) => carried(router).flatMap((address) => present(facts, router, address))),
    ...facts.rivals.flatMap((rival) => claimed(rival, moved)),
  ];
}

const carried = ({ addresses, excludedAddresses }: RouterConfig): readonly AddressConfig[] => [
  ...addresses,
  ...excludedAddresses,
];

/** An address that is there, and that no agent of ours answers for. */
function present(facts: Facts, router: RouterConfig, configured: AddressConfig): Finding[] {
  const { address, interface: name } = configured;
  const links = new Map(facts.links.map((link) => [link.index, link.name]));
  return (
    facts.addresses
      .filter((each) => each.address === address)
      // The agent says where it holds what: with a virtual MAC address on a device of its own.
      .filter(({ index }) => facts.agent?.held.has(`${address} ${links.get(index)}`) !== true)
      .map((found) => {
        const there = links.get(found.index) ?? `interface ${found.index}`;
        const text = `${found.address}/${found.prefix} of ${router.name} is on ${there}`;
        const about = { part: "vrrp", subject: `${address}`, severity: "fault" } as const;
        if (facts.agent === null && isLeft(facts, found)) {
          return {
            ...about,
            id: "address_left",
            text: `${text}: an agent that was killed left it`,
            cure: "haagent release, or start the agent",
          };
        }
        return {
          ...about,
          id: "address_static",
          text: `${text}, and haagent did not put it there${there === name ? ": the router stays in fault" : ""}`,
          cure:
            `take it out of what configures ${there}, and ip addr del ${found.address}/${found.prefix} dev ${there}; ` +
            `or write on_found = "adopt" if it is to stay there`,
        };
      })
  );
}

const isLeft = ({ ledger }: Facts, found: KernelAddress): boolean =>
  ledger.some(({ added }) =>
    added.some(({ index, address }) => index === found.index && address === found.address),
  );

/** Words of a configuration that could be addresses. */
const ADDRESS = /[0-9a-fA-F.:]{2,}/g;
/** Lines that say nothing, in all of these languages. */
const COMMENT = /^\s*[#!;].*$/gm;

/** The addresses that a file names, whatever its language; in haresources two colons stand before them. */
function mentioned(text: string): ReadonlySet<Ip> {
  const found = text.replace(COMMENT, "").match(ADDRESS) ?? [];
  const words = found.flatMap((word) => [word, word.replace(/^:+/, "")]);
  return new Set(words.map(parseIp).flatMap((parsed) => (parsed.ok ? [parsed.value] : [])));
}

/** A daemon whose file names an address of ours. */
function claimed({ daemon, pid, file }: Rival, routers: readonly RouterConfig[]): Finding[] {
  const words = mentioned(file.text);
  const ours = routers
    .flatMap(carried)
    .filter(({ address }) => words.has(address))
    .map(({ address }) => address);
  if (ours.length === 0) return [];
  const list = [...new Set(ours)].join(", ");
  const running = pid === null ? "it does not run now" : `it runs, pid ${pid}`;
  return [
    {
      part: "vrrp",
      id: "address_claimed",
      severity: pid === null ? "degraded" : "fault",
      subject: daemon,
      text: `${file.path} of ${daemon} names ${list} (${running}): two programs on one host would hold the same address`,
      cure: `take ${list} out of ${file.path}${daemon === "keepalived" ? ", or stop keepalived and keep it from starting at boot" : ""}`,
    },
  ];
}
