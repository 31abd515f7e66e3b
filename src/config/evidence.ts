/** The elements of `guard`: what is asked for before taking over. */
import type { Ip } from "../base/address.ts";
import type { Kind } from "./kind.ts";
import { reject } from "./kind.ts";
import { hint } from "./nearest.ts";
import { hostAddress } from "./network.ts";
import { quote } from "./words.ts";

/** The other nodes of the cluster, or a host that answers a ping. */
export type Evidence = { readonly type: "heartbeat" } | { readonly type: "ping"; readonly address: Ip };

const PING = "ping:";

export const evidence: Kind<Evidence> = {
  manual: 'a kind of evidence, "heartbeat" or "ping:ADDRESS"',
  read(written, report) {
    const { value } = written;
    if (value === "heartbeat") return { type: "heartbeat" };
    if (typeof value === "string" && value.startsWith(PING)) {
      const address = hostAddress.read({ ...written, value: value.slice(PING.length) }, report);
      return address === null ? null : { type: "ping", address };
    }
    const wanted = '"heartbeat" or "ping:ADDRESS"';
    if (typeof value !== "string") return reject(written, report, wanted);
    const near = hint(value, ["heartbeat"]);
    report.error(written.spot.value, `${written.name} must be ${wanted}, not ${quote(value)}${near}`);
    return null;
  },
  show: (value) => quote(value.type === "heartbeat" ? value.type : `${PING}${value.address}`),
};
