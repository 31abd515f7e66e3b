/** What Debian's heartbeat 3.0.6 sends: single messages with what was found in them by another program, and whole captures. */
import { readFileSync } from "node:fs";
import type { KeyRing } from "../../src/heartbeat/keys.ts";
import type { Message } from "../../src/wire/heartbeat-message.ts";
import { fieldType, octets } from "../../src/wire/heartbeat-message.ts";
import { METHODS } from "../../src/wire/heartbeat-token.ts";
import { hex } from "../wire/hex.ts";
import { readPcap } from "./pcap.ts";
import vectors from "./heartbeat/vectors.json";

export interface Vector {
  readonly name: string;
  readonly form: "netstring" | "classic";
  readonly bytes: Uint8Array;
  /** As the other program read them. */
  readonly message: Message;
  readonly index: number;
  /** Bytes that the trailer is over, and the trailer. */
  readonly outer: { readonly length: number; readonly signature: string } | null;
  /** Bytes that the field `auth` is over, and the field. */
  readonly inner: { readonly signed: Uint8Array; readonly signature: string } | null;
}

type Entry = (typeof vectors.vectors)[number];

function message(fields: Entry["fields"]): Message {
  return fields.map((field) => {
    const type = fieldType(field.type);
    if (type === null) throw new Error(`a field of type ${field.type}`);
    const value = "value_hex" in field ? octets(hex(field.value_hex ?? "")) : (field.value ?? "");
    return { name: field.name, type, value };
  });
}

function vector(entry: Entry): Vector {
  const outer =
    "outer_auth" in entry ? { length: entry.outer_signed_len ?? 0, signature: entry.outer_auth ?? "" } : null;
  const inner =
    "inner_auth" in entry
      ? {
          signed: Uint8Array.fromBase64(entry.inner_signed_base64 ?? ""),
          signature: entry.inner_auth ?? "",
        }
      : null;
  return {
    name: `${entry.name} on ${entry.transport}`,
    form: entry.format === "classic" ? "classic" : "netstring",
    bytes: Uint8Array.fromBase64(entry.raw_base64),
    message: message(entry.fields),
    index: entry.auth_index,
    outer,
    inner,
  };
}

export const VECTORS: readonly Vector[] = vectors.vectors.map(vector);

/** The authkeys of all captures; the first index signs. */
export const RING: KeyRing = {
  signing: 1,
  keys: new Map(
    Object.entries(vectors.keys).map(([index, { method, key }]) => {
      const known = METHODS.find((each) => each === method);
      if (known === undefined) throw new Error(`no method ${method}`);
      return [Number(index), { method: known, secret: new TextEncoder().encode(key) }];
    }),
  ),
};

export const CAPTURES = ["t1-bcast-crc-on", "t2-ucast-md5-off", "t4-rexmit", "t5-netstring"] as const;
export type CaptureName = (typeof CAPTURES)[number];

const file = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`./heartbeat/${name}`, import.meta.url)));

const ETHERNET_HEADER = 14;
const PROTOCOL_UDP = 17;
const UDP_HEADER = 8;

/** The datagrams to port 694 of a capture. */
export const datagrams = (name: CaptureName): Uint8Array[] =>
  readPcap(file(`${name}-eth1.pcap`)).flatMap(({ bytes }) => {
    const packet = bytes.subarray(ETHERNET_HEADER);
    if (bytes[12] !== 0x08 || bytes[13] !== 0x00 || packet[9] !== PROTOCOL_UDP) return [];
    const udp = packet.subarray(((packet[0] ?? 0) & 0x0f) * 4);
    const port = ((udp[2] ?? 0) << 8) | (udp[3] ?? 0);
    const length = ((udp[4] ?? 0) << 8) | (udp[5] ?? 0);
    return port === 694 ? [udp.subarray(UDP_HEADER, length)] : [];
  });

/** What went over the serial line from one node to the other. */
export const serial = (name: "a2b" | "b2a"): Uint8Array => file(`serial-${name}.raw`);
