/** ARP for IPv4 over Ethernet (RFC 826), and the gratuitous request that moves an address to us (RFC 5227 3). */
import { BROADCAST_MAC, familyOf, ipBytes, ipFromBytes, macBytes, macFromBytes } from "../base/address.ts";
import type { Ip, Mac } from "../base/address.ts";
import { assert } from "../base/assert.ts";
import { fail, ok } from "../base/result.ts";
import type { Result } from "../base/result.ts";

//  0: hardware type         2: protocol type     4: hardware size    5: protocol size   6: operation
//  8: sender hardware      14: sender protocol  18: target hardware 24: target protocol
const AT = { operation: 6, senderMac: 8, senderIp: 14, targetMac: 18, targetIp: 24 };
const LENGTH = 28;
/** Ethernet, IPv4, 6 and 4 bytes: everything before the operation. */
const PREFIX = [0x00, 0x01, 0x08, 0x00, 0x06, 0x04];

const REQUEST = 1;
const REPLY = 2;

/** One ARP message; `request` asks who has `targetIp`, `reply` tells where `senderIp` is. */
export interface Arp {
  readonly operation: "request" | "reply";
  readonly senderMac: Mac;
  readonly senderIp: Ip;
  /** In a request no receiver looks at it. */
  readonly targetMac: Mac;
  readonly targetIp: Ip;
}

/** Why bytes are no ARP message we know; the first that applies, in this order. */
export type ArpError =
  | { readonly kind: "truncated"; readonly need: number; readonly have: number }
  /** Not IPv4 over Ethernet; `at` is the first byte that says so. */
  | { readonly kind: "medium"; readonly at: number; readonly got: number }
  | { readonly kind: "operation"; readonly got: number };

/** The payload of a frame of type 0x0806. ARP has no length field: what follows 28 bytes is link padding. */
export function decodeArp(bytes: Uint8Array): Result<Arp, ArpError> {
  if (bytes.length < LENGTH) return fail({ kind: "truncated", need: LENGTH, have: bytes.length });
  for (let at = 0; at < PREFIX.length; at++) {
    const got = bytes[at] ?? 0;
    if (got !== PREFIX[at]) return fail({ kind: "medium", at, got });
  }
  const operation = ((bytes[AT.operation] ?? 0) << 8) | (bytes[AT.operation + 1] ?? 0);
  if (operation !== REQUEST && operation !== REPLY) return fail({ kind: "operation", got: operation });
  return ok({
    operation: operation === REQUEST ? "request" : "reply",
    senderMac: macFromBytes(bytes.subarray(AT.senderMac, AT.senderMac + 6)),
    senderIp: ipFromBytes(bytes.subarray(AT.senderIp, AT.senderIp + 4)),
    targetMac: macFromBytes(bytes.subarray(AT.targetMac, AT.targetMac + 6)),
    targetIp: ipFromBytes(bytes.subarray(AT.targetIp, AT.targetIp + 4)),
  });
}

/** The 28 bytes of a message, without link padding. */
export function encodeArp(arp: Arp): Uint8Array {
  assert(familyOf(arp.senderIp) === 4 && familyOf(arp.targetIp) === 4, "ARP is for IPv4");
  const bytes = new Uint8Array(LENGTH);
  bytes.set(PREFIX);
  bytes[AT.operation + 1] = arp.operation === "request" ? REQUEST : REPLY;
  bytes.set(macBytes(arp.senderMac), AT.senderMac);
  bytes.set(ipBytes(arp.senderIp), AT.senderIp);
  bytes.set(macBytes(arp.targetMac), AT.targetMac);
  bytes.set(ipBytes(arp.targetIp), AT.targetIp);
  return bytes;
}

/** No address: the sender of a probe has none yet. */
const NOBODY = "0.0.0.0" as Ip;
const NO_MAC = "00:00:00:00:00:00" as Mac;

/** The question whether anybody has `address`, from whom nobody learns anything (RFC 5227 1.1, an ARP probe). To be broadcast. */
export const encodeArpProbe = (mac: Mac, address: Ip): Uint8Array =>
  encodeArp({ operation: "request", senderMac: mac, senderIp: NOBODY, targetMac: NO_MAC, targetIp: address });

/**
 * The announcement that `address` is now at `mac`, to be broadcast. A request about itself, as keepalived sends it: the
 * target hardware address is all ones, where RFC 5227 would have zeros.
 */
export const encodeGratuitousArp = (mac: Mac, address: Ip): Uint8Array =>
  encodeArp({
    operation: "request",
    senderMac: mac,
    senderIp: address,
    targetMac: BROADCAST_MAC,
    targetIp: address,
  });
