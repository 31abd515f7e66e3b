/** The examination: every part of haagent looks at the same facts, and all findings come together, the worst first. */
import type { Config } from "../config/model.ts";
import { addressFindings } from "./addresses.ts";
import type { Facts } from "./facts.ts";
import { directorFilterFindings } from "./director-filter.ts";
import { tunnelWidthFindings } from "./director-mtu.ts";
import { directorFindings } from "./director.ts";
import { fileFindings } from "./files.ts";
import type { Finding, Severity } from "./finding.ts";
import { firewallFindings } from "./firewall.ts";
import { hostFindings } from "./host.ts";
import { linkFindings } from "./links.ts";
import { realServerFindings } from "./realserver.ts";
import { serviceFindings } from "./service.ts";
import { snoopingFindings } from "./snooping.ts";
import { virtualMacFindings } from "./virtual-mac.ts";
import { wireFindings } from "./wire.ts";

/** One look at the facts. */
type Look = (facts: Facts, config: Config) => readonly Finding[];

const LOOKS: readonly Look[] = [
  hostFindings,
  fileFindings,
  serviceFindings,
  linkFindings,
  virtualMacFindings,
  addressFindings,
  firewallFindings,
  snoopingFindings,
  wireFindings,
  directorFindings,
  directorFilterFindings,
  tunnelWidthFindings,
  realServerFindings,
];

const RANK: Readonly<Record<Severity, number>> = { fault: 0, degraded: 1, note: 2 };

/** Everything that is wrong with this host for this configuration; pure. */
export const examine = (facts: Facts, config: Config): readonly Finding[] =>
  LOOKS.flatMap((look) => look(facts, config)).toSorted((a, b) => RANK[a.severity] - RANK[b.severity]);
