/**
 * A node of a heartbeat cluster in few lines, made of the product's codec: `bun heartbeat-node.ts SETTINGS`, a {@link NodeSettings} in
 * JSON. It says its status, answers what the protocol wants answered, becomes active when the peer has told it the nodes, and holds no
 * resources. Each datagram that it gets is a line of JSON, {@link NodeLine}, on standard output, and so is what it did with it. SIGTERM: a clean shutdown.
 */
import { readFileSync } from "node:fs";
import type { Tracking } from "../../src/heartbeat/admission.ts";
import { admit, due, owesAck, UNHEARD, without } from "../../src/heartbeat/admission.ts";
import type { Content, Status } from "../../src/heartbeat/content.ts";
import { decodeContent, encodeContent } from "../../src/heartbeat/content.ts";
import type { Header } from "../../src/heartbeat/header.ts";
import { compose, isNumbered, readHeader } from "../../src/heartbeat/header.ts";
import { History } from "../../src/heartbeat/history.ts";
import type { KeyRing } from "../../src/heartbeat/keys.ts";
import { signingIndex } from "../../src/heartbeat/keys.ts";
import { open, sealDatagram } from "../../src/heartbeat/packet.ts";
import { instant, ms } from "../../src/base/units.ts";
import type { Message } from "../../src/wire/heartbeat-message.ts";
import { octetBytes, octets, TEXT, valueOf } from "../../src/wire/heartbeat-message.ts";
import type { Method } from "../../src/wire/heartbeat-token.ts";

export interface NodeSettings {
  readonly name: string;
  readonly peer: string;
  /** Where to: an address of the peer, a broadcast address, or a group with the interface's address. */
  readonly to: string;
  readonly join?: string;
  readonly keys: readonly (readonly [index: number, method: Method, secret: string])[];
  /** Signs with what the peer signs with. */
  readonly follow?: boolean;
  readonly generation: number;
  readonly keepalive: number;
  readonly deadtime: number;
  /** Text fields in each status that no daemon knows. */
  readonly extra?: readonly (readonly [name: string, value: string])[];
  /** Of ten numbered messages, so many last ones are not sent at first. */
  readonly lose?: number;
  /** Numbers to ask the peer for, once it is active. */
  readonly ask?: readonly number[];
}

export type NodeLine =
  | { readonly kind: "heard"; readonly hex: string }
  /** Why a datagram of the peer did not count. */
  | { readonly kind: "dropped"; readonly reason: string; readonly type: string }
  | { readonly kind: "accepted"; readonly type: string; readonly lost: number }
  | { readonly kind: "asked"; readonly sequence: number }
  | { readonly kind: "again"; readonly sequence: string }
  | { readonly kind: "acked"; readonly sequence: number }
  | { readonly kind: "nak"; readonly sequence: number; readonly why: string }
  | { readonly kind: "status"; readonly status: Status };

const PORT = 694;
/** max_rexmit_delay. */
const ASK_EVERY = ms(250);
const TTL = 3;
const LAST_STATUS_MS = 1500;

const settings: NodeSettings = JSON.parse(process.argv[2] ?? "{}");
const { name, peer } = settings;
const ring: KeyRing = {
  signing: settings.keys[0]?.[0] ?? 0,
  keys: new Map(
    settings.keys.map(([index, method, secret]) => [index, { method, secret: octetBytes(secret) }]),
  ),
};
const uuid = octets(crypto.getRandomValues(new Uint8Array(16)));
const history = new History(ASK_EVERY);

let tracking: Tracking = UNHEARD;
let peerUuid: string | null = null;
let peerIndex: number | null = null;
let status: Status = "init";
let askedNodes = 0;

const now = () => instant(performance.now());
const tell = (line: NodeLine): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const socket = await Bun.udpSocket({
  hostname: "0.0.0.0",
  port: PORT,
  socket: { data: (_, data, __, ___) => take(data) },
});
socket.setBroadcast(true);
if (settings.join !== undefined) {
  socket.addMembership(settings.to, settings.join);
  socket.setMulticastInterface(settings.join);
}

const transmit = (message: Message): void =>
  void socket.send(
    sealDatagram(message, ring, signingIndex(ring, peerIndex, settings.follow === true)),
    PORT,
    settings.to,
  );

function send(content: Exclude<Content, { readonly kind: "other" }>): void {
  const extra = content.kind === "status" ? (settings.extra ?? []) : [];
  const fields = [
    ...encodeContent(content),
    ...extra.map(([key, value]) => ({ name: key, type: TEXT, value })),
  ];
  const message = compose(
    fields,
    { name, uuid },
    {
      generation: settings.generation,
      sequence: history.next,
      time: Math.floor(Date.now() / 1000),
      load: readFileSync("/proc/loadavg", "latin1").trim(),
      ttl: TTL,
      destinationUuid: peerUuid,
    },
  );
  const lost = isNumbered(valueOf(message, "t") ?? "") && history.next % 10 > 9 - (settings.lose ?? 0);
  if (isNumbered(valueOf(message, "t") ?? "")) history.add(message);
  if (!lost) transmit(message);
}

function sayStatus(next: Status): void {
  if (next !== status) tell({ kind: "status", status: next });
  status = next;
  send({ kind: "status", status, deadtime: ms(settings.deadtime) });
}

function take(bytes: Uint8Array): void {
  const opened = open(bytes, ring);
  const message = opened.ok ? opened.value.message : [];
  const header = opened.ok ? readHeader(message) : null;
  // Our own broadcasts come back to us.
  if (header?.source === name) return;
  tell({ kind: "heard", hex: Uint8Array.from(bytes).toHex() });
  if (!opened.ok || header === null) {
    return tell({ kind: "dropped", reason: opened.ok ? "header" : opened.error, type: "" });
  }
  peerIndex = opened.value.index;
  if (header.source !== peer) return tell({ kind: "dropped", reason: "node", type: header.type });
  const content = decodeContent(message);
  if (content === null) return tell({ kind: "dropped", reason: "content", type: header.type });
  // A question may be its first message that we hear: the daemon asks once a second, and we answer at once.
  if (!admitted(header) && !(tracking.generation === null && content.kind === "reqnodes")) return;
  peerUuid = header.uuid;
  answer(content);
}

/** Whether a numbered message counts; acknowledges it if it is its turn. */
function admitted({ sequence, generation, type }: Header): boolean {
  if (sequence === null || generation === null) return true;
  const arrival = { sequence, generation, isStatus: type === "status" };
  const judged = admit(tracking, arrival, false, instant(now() + 100));
  tracking = judged.tracking;
  if (judged.admission.kind === "dropped") {
    tell({ kind: "dropped", reason: judged.admission.reason, type });
    return false;
  }
  tell({ kind: "accepted", type, lost: judged.admission.lost });
  if (owesAck(tracking, sequence, 3)) send({ kind: "ack", to: peer, sequence });
  return true;
}

function answer(content: Content): void {
  if ("to" in content && content.to !== name) return;
  switch (content.kind) {
    case "reqnodes":
      return send({ kind: "repnodes", to: peer, nodes: [peer, name], removed: [] });
    case "repnodes":
      if (status !== "up") return;
      sayStatus("active");
      return send({ kind: "starting" });
    case "starting":
      return send({ kind: "resource", hold: "none", full: true, stable: status === "active", info: null });
    case "resource":
      if (content.stable !== true || status !== "active") return;
      return send({ kind: "resource", hold: "none", full: true, stable: true, info: null });
    case "ack":
      history.acknowledge(peer, content.sequence, [peer]);
      return tell({ kind: "acked", sequence: content.sequence });
    case "nak":
      tracking = without(tracking, content.sequence);
      return tell({ kind: "nak", sequence: content.sequence, why: content.why });
    case "rexmit": {
      const { again, naks } = history.answer(peer, content.first, content.last, now());
      for (const message of again) {
        tell({ kind: "again", sequence: valueOf(message, "seq") ?? "" });
        transmit(message);
      }
      for (const { sequence, why } of naks) send({ kind: "nak", to: peer, sequence, why });
      return;
    }
    default:
  }
}

function turn(): void {
  sayStatus(status === "init" ? "up" : status);
  if (status === "up" && tracking.generation !== null && askedNodes++ % 5 === 0) {
    send({ kind: "reqnodes", to: peer });
  }
}

function ask(): void {
  const asking = due(tracking, now(), ASK_EVERY);
  tracking = asking.tracking;
  for (const sequence of asking.ask) {
    tell({ kind: "asked", sequence });
    send({ kind: "rexmit", to: peer, first: sequence, last: sequence });
  }
}

process.on("SIGTERM", () => {
  send({ kind: "resource", hold: "none", full: true, stable: false, info: "shutdown" });
  send({ kind: "shutdone" });
  setTimeout(() => process.exit(0), LAST_STATUS_MS);
});

sayStatus("init");
sayStatus("up");
setInterval(turn, settings.keepalive);
setInterval(ask, 20);
for (const sequence of settings.ask ?? []) {
  setTimeout(() => send({ kind: "rexmit", to: peer, first: sequence, last: sequence }), 3000);
}
