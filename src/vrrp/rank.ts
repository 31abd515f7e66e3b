/** The order of routers. */
import type { Ip } from "../base/address.ts";
import { compareIp } from "../base/address.ts";
import type { Priority } from "../base/units.ts";

/** Who of two masters stays, RFC 9568 6.4.3: the higher priority, then the higher address. */
export const outranks = (priority: Priority, address: Ip, thanPriority: Priority, thanAddress: Ip): boolean =>
  priority > thanPriority || (priority === thanPriority && compareIp(address, thanAddress) > 0);
