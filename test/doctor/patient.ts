/** A host for the doctor, as facts. */
import type { Link } from "../../src/agent/boundary.ts";
import type { Mac } from "../../src/base/address.ts";
import { ms } from "../../src/base/units.ts";
import { load } from "../../src/config/load.ts";
import type { Config } from "../../src/config/model.ts";
import { examine } from "../../src/doctor/examine.ts";
import type { Facts } from "../../src/doctor/facts.ts";

export const eth1: Link = {
  index: 2,
  name: "eth1",
  ethernet: true,
  mac: "02:00:00:00:00:01" as Mac,
  mtu: 1500,
  up: true,
  carrier: true,
  forwarding6: false,
};

/** A host with nothing wrong with it. */
export const GOOD: Facts = {
  missingCapabilities: [],
  clockSource: "tsc",
  links: [eth1],
  addresses: [],
  settings: new Map(),
  ipvs: { loaded: false, modules: null },
  directed: [],
  silent: new Set(),
  listeners: [],
  routes: [],
  received: new Map(),
  ftp: false,
  filters: [{ program: "nft", text: '{"nftables":[]}', failure: null }],
  overheard: [],
  listened: ms(3000),
  deaf: [],
  bridges: [],
  rivals: [],
  paths: new Map(),
  programs: new Map(),
  scriptUser: { uid: 65534, gid: 65534 },
  services: [],
  agent: null,
  ledger: [],
};

/** Of one router, with lines in its table, and tables behind it. */
export function config(more = "", rest = ""): Config {
  const text = `[vrrp.lan]\ninterface = "eth1"\nvrid = 51\naddresses = ["192.0.2.1/24"]\n${more}\n${rest}`;
  const loaded = load({ path: "x", text, failure: null, mode: 0o600, hostname: "a", accounts: null });
  if (loaded.config === null) throw new Error(JSON.stringify(loaded.findings));
  return loaded.config;
}

/** `severity id` of what is found where facts differ from those of a good host. */
export const ids = (facts: Partial<Facts>, of: Config = config()): string[] =>
  examine({ ...GOOD, ...facts }, of).map(({ severity, id }) => `${severity} ${id}`);
