/** The decoders of what comes over sockets of this machine under fuzz: rtnetlink, and the lines of the control socket. */
import { readFileSync } from "node:fs";
import type { Reply, Request } from "../../src/agent/boundary.ts";
import type { Forwarding } from "../../src/wire/forwarding.ts";
import { addressBits, familyOf, macBytes, parseIp } from "../../src/base/address.ts";
import type { Ip } from "../../src/base/address.ts";
import { ok } from "../../src/base/result.ts";
import type { Result } from "../../src/base/result.ts";
import { decodeReply, decodeRequest, encodeReply, encodeRequest } from "../../src/wire/control.ts";
import type { ForwardingMessage } from "../../src/wire/forwarding.ts";
import { encodeForwardingChange } from "../../src/wire/forwarding.ts";
import type { RouteMessage } from "../../src/wire/rtnetlink.ts";
import { decodeMessages, encodeAddressChange } from "../../src/wire/rtnetlink.ts";
import { hex } from "../wire/hex.ts";
import type { LengthField } from "./mutate.ts";
import { codec, target } from "./target.ts";

const little = (at: number, bytes: 2 | 4): LengthField => ({ at, bytes, order: "little" });

const datagrams = (name: string): Uint8Array[] =>
  readFileSync(new URL(`../golden/rtnetlink/${name}.hex`, import.meta.url), "utf8")
    .trim()
    .split("\n")
    .map(hex);

const isCanonical = (address: Ip): boolean => {
  const parsed = parseIp(address);
  return parsed.ok && parsed.value === address;
};

/** The address message that the kernel would tell after we asked for what `message` tells. */
function echo(message: Extract<RouteMessage, { kind: "address" | "address-gone" }>): RouteMessage[] {
  if (message.kind === "address-gone") {
    return decodeMessages(encodeAddressChange({ op: "delete", key: message.key }, 0));
  }
  const { index, address, prefix, label, validLifetime } = message.address;
  const key = { index, address, prefix };
  return decodeMessages(
    encodeAddressChange(
      { op: "add", key, label, lifetime: validLifetime, method: "netlink", metric: null },
      0,
    ),
  );
}

/** What the kernel would tell after we asked for this, which says less than it may tell. */
function echoed(entry: Forwarding): Forwarding | null {
  const [message] = decodeMessages(encodeForwardingChange("add", entry, 0));
  return message?.kind === "forwarding" && message.ours ? message.entry : null;
}

function checkForwarding({ entry }: ForwardingMessage): string | null {
  const first = echoed(entry);
  if (first === null) return "is none of ours when it comes back";
  return Bun.deepEquals(echoed(first), first) ? null : "does not come back";
}

function checkMessage(message: RouteMessage): string | null {
  switch (message.kind) {
    case "link": {
      const { index, mac, mtu, name } = message.link;
      if (mac !== null && macBytes(mac).length !== 6) return `link-layer address ${mac}`;
      if (name.includes("\0")) return `name ${JSON.stringify(name)}`;
      return Number.isInteger(index) && Number.isInteger(mtu) ? null : "a number that is none";
    }
    case "link-gone":
      return Number.isInteger(message.index) ? null : "an index that is none";
    case "address": {
      const { address, prefix, label } = message.address;
      if (!isCanonical(address) || prefix > addressBits(familyOf(address))) return `${address}/${prefix}`;
      // The kernel's flags are not ours to ask for, and only IPv4 has labels.
      const asked = { label: familyOf(address) === 4 ? label : null, secondary: false, tentative: false };
      const expected = { ...message.address, ...asked };
      const [again] = echo(message);
      return Bun.deepEquals(again, { kind: "address", address: expected }) ? null : "does not come back";
    }
    case "address-gone":
      return Bun.deepEquals(echo(message), [message]) ? null : "does not come back";
    case "answer":
    case "done":
      return message.errno >= 0 ? null : `error number ${message.errno}`;
    case "incomplete":
      return null;
    case "forwarding":
    case "forwarding-gone":
      return checkForwarding(message);
    default:
      return message satisfies never;
  }
}

type RouteOutcome = RouteMessage["kind"] | "nothing";
const routeOutcomes: Record<RouteOutcome, "reached"> = {
  link: "reached",
  "link-gone": "reached",
  address: "reached",
  "address-gone": "reached",
  answer: "reached",
  done: "reached",
  incomplete: "reached",
  forwarding: "reached",
  "forwarding-gone": "reached",
  nothing: "reached",
};

const rtnetlink = target<RouteMessage[]>({
  name: "rtnetlink",
  golden: ["links", "addresses", "answers", "feed", "forwarding"].flatMap(datagrams),
  lengthFields: [little(0, 4), little(4, 2), little(16, 2), little(24, 2), little(32, 2), little(44, 2)],
  // DataView throws by itself where an index would give undefined.
  watch: false,
  outcomes: routeOutcomes,
  decode: decodeMessages,
  outcomeOf: (messages) => messages[0]?.kind ?? "nothing",
  check: (messages, bytes) => {
    // A header is 16 bytes, and can say that something was lost besides.
    if (messages.length > Math.ceil(bytes.length / 16) * 2) return `${messages.length} messages`;
    return messages.map(checkMessage).find((problem) => problem !== null) ?? null;
  },
  repair: (_, bytes) => {
    if (bytes.length >= 4) new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, bytes.length, true);
  },
});

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const lines = (...all: readonly string[]): Uint8Array[] => all.map((line) => new TextEncoder().encode(line));

/** The error of a line is a sentence: as far as fuzz goes, one kind. */
interface Refused {
  readonly kind: "refused";
  readonly error: string;
}
const refusals = <Value>(decoded: Result<Value, string>): Result<Value, Refused> =>
  decoded.ok ? ok(decoded.value) : { ok: false, error: { kind: "refused", error: decoded.error } };

const request = codec<Request, Refused>({
  name: "control-request",
  golden: lines(
    encodeRequest({ command: "status", name: null }),
    encodeRequest({ command: "status", name: 'lan "1" \u0001\u20ac' }),
    encodeRequest({ command: "standby", name: "lan" }),
    encodeRequest({ command: "why", name: "lan" }),
    encodeRequest({ command: "takeover", name: null, force: true }),
    encodeRequest({ command: "reload" }),
    encodeRequest({ command: "stop" }),
    '{"command":"status"}',
    '{"__proto__":{"command":"stop"}}',
    `${"[".repeat(2000)}${"]".repeat(2000)}`,
  ),
  lengthFields: [],
  watch: false,
  errors: { refused: "reached" },
  decode: (bytes) => refusals(decodeRequest(text(bytes))),
  check: (value) => {
    const line = encodeRequest(value);
    if (line.indexOf("\n") !== line.length - 1) return `${JSON.stringify(line)} is not one line`;
    return Bun.deepEquals(decodeRequest(line), ok(value)) ? null : "does not come back";
  },
  repair: () => {},
});

const reply = codec<Reply, Refused>({
  name: "control-reply",
  golden: lines(
    encodeReply({
      exit: 0,
      body: { schema: 1, node: "a", vrrp: [{ name: "lan", since: "2026-01-01", n: 1.5 }] },
    }),
    encodeReply({ exit: 3, body: "no router of that name" }),
    encodeReply({ exit: 255, body: null }),
    '{"exit":0,"body":{"__proto__":[1e9,-0,true]}}',
  ),
  lengthFields: [],
  watch: false,
  errors: { refused: "reached" },
  decode: (bytes) => refusals(decodeReply(text(bytes))),
  check: (value) => {
    const line = encodeReply(value);
    if (line.indexOf("\n") !== line.length - 1) return `${JSON.stringify(line)} is not one line`;
    const again = decodeReply(line);
    // Compared as JSON, which knows no -0.
    return again.ok && encodeReply(again.value) === line ? null : "does not come back";
  },
  repair: () => {},
});

export const MESSAGES = [rtnetlink, request, reply];
