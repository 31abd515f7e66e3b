/** `[realserver]`: the table of a real server behind a director. */
import type { Ip } from "../base/address.ts";
import { addressBits, familyOf } from "../base/address.ts";
import type { Fields } from "./field.ts";
import { required } from "./field.ts";
import type { Kind } from "./kind.ts";
import { list } from "./kind.ts";
import { hostAddress } from "./network.ts";
import { quote } from "./words.ts";

const ADDRESSES_MAX = 4096;

/** `172.25.254.100`, also with the only prefix that it can have. */
const serviceAddress: Kind<Ip> = {
  manual: "IP address",
  read(written, report) {
    const { value } = written;
    const [head = "", tail] = typeof value === "string" ? value.split("/", 2) : [];
    if (typeof value !== "string" || tail === undefined) return hostAddress.read(written, report);
    const ip = hostAddress.read({ ...written, value: head }, report);
    if (ip === null) return null;
    const bits = addressBits(familyOf(ip));
    if (tail === `${bits}`) return ip;
    report.error(
      written.spot.value,
      `${written.path}: ${quote(value)} must be ${ip}/${bits}: with a shorter prefix lo takes its whole network for local`,
    );
    return null;
  },
  show: quote,
};

/** `[realserver]` */
export const realserver = {
  addresses: required(
    list(serviceAddress, ADDRESSES_MAX),
    "Addresses of services, carried on lo; no interface answers or speaks for them in ARP meanwhile.",
  ),
} satisfies Fields;
