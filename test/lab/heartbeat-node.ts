/**
 * A node of a heartbeat cluster in few lines, made of the product's codec: `bun heartbeat-node.ts SETTINGS`, a {@link NodeSettings} in
 * JSON. It runs the product's membership, answers what the protocol wants answered, and holds no resources. Each
 * message that it gets is a line of JSON, {@link NodeLine}, on standard output, and so is what it did with it. SIGTERM: a clean shutdown.
 */
import { readFileSync } from "node:fs";
import type { Tracking } from "../../src/heartbeat/admission.ts";
import { due, forsaken, owesAck, UNHEARD, without } from "../../src/heartbeat/admission.ts";
import type { Claim } from "../../src/heartbeat/claim.ts";
import type { Content } from "../../src/heartbeat/content.ts";
import { encodeContent } from "../../src/heartbeat/content.ts";
import { compose, isNumbered } from "../../src/heartbeat/header.ts";
import { History } from "../../src/heartbeat/history.ts";
import type { KeyRing } from "../../src/heartbeat/keys.ts";
import { signingIndex } from "../../src/heartbeat/keys.ts";
import { sealDatagram, sealSerial } from "../../src/heartbeat/packet.ts";
import type { Receiver } from "../../src/heartbeat/receive.ts";
import { read, receive } from "../../src/heartbeat/receive.ts";
import type { Action, Event, State } from "../../src/heartbeat/membership.ts";
import { deadline, start, step } from "../../src/heartbeat/membership.ts";
import { ip4At } from "../../src/base/address.ts";
import { elapsed, instant, ms, priority } from "../../src/base/units.ts";
import type { Message } from "../../src/wire/heartbeat-message.ts";
import { octetBytes, octets, TEXT, valueOf } from "../../src/wire/heartbeat-message.ts";
import type { Method } from "../../src/wire/heartbeat-token.ts";
import { openLine, openUdp } from "./heartbeat-medium.ts";

export interface NodeSettings {
  readonly name: string;
  readonly peer: string;
  /** Where to: an address of the peer, a broadcast address, or a group with the interface's address. */
  readonly to: string;
  readonly join?: string;
  /** Speaks over a serial line instead. */
  readonly serial?: boolean;
  readonly keys: readonly (readonly [index: number, method: Method, secret: string])[];
  /** Signs with what the peer signs with. */
  readonly follow?: boolean;
  readonly generation: number;
  readonly keepalive: number;
  readonly deadtime: number;
  /** Six times deadtime unless given. */
  readonly initdead?: number;
  /** Text fields in each status that no daemon knows. */
  readonly extra?: readonly (readonly [name: string, value: string])[];
  /** Asks after each status how a router is, and says how its own is. */
  readonly claims?: boolean;
  /** Of ten numbered messages, so many last ones are not sent at first. */
  readonly lose?: number;
}

export type NodeLine =
  /** Where the peer finds its end of the line. */
  | { readonly kind: "line"; readonly path: string }
  | { readonly kind: "heard"; readonly hex: string }
  /** Why a datagram of the peer did not count. */
  | { readonly kind: "dropped"; readonly reason: string }
  | { readonly kind: "accepted"; readonly type: string; readonly lost: number; readonly change: string }
  | { readonly kind: "asked"; readonly sequence: number }
  | { readonly kind: "again"; readonly sequence: string }
  | { readonly kind: "acked"; readonly sequence: number }
  | { readonly kind: "nak"; readonly sequence: number; readonly why: string }
  /** Membership's news, in one word. */
  | { readonly kind: "peer"; readonly what: string }
  | { readonly kind: "link"; readonly what: string }
  | { readonly kind: "late"; readonly what: string }
  | { readonly kind: "self"; readonly what: string };

/** max_rexmit_delay. */
const ASK_EVERY = ms(250);
/** After the first sign of a loss. */
const ASK_AFTER = 100;
/** Of ten numbers, the one that is acknowledged. */
const ACK_TURN = 3;
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
const now = () => instant(performance.now());
const tell = (line: NodeLine): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const medium = settings.serial === true ? openLine(take) : await openUdp(settings.to, settings.join, take);
if (medium.path !== null) tell({ kind: "line", path: medium.path });

function transmit(message: Message): void {
  const seal = medium.serial ? sealSerial : sealDatagram;
  medium.send(seal(message, ring, signingIndex(ring, peerIndex, settings.follow === true)));
}

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

/** What haagent nodes say to each other, to one and to all, asked and unasked. */
function claims(): void {
  const about = { vrid: 51, family: 4 } as const;
  const claim: Claim = {
    ...{ ...about, name: "VI_1", only: true, state: "master", healthy: true, adverts: history.next },
    ...{ priority: priority(150), address: ip4At(Uint8Array.of(10, 0, 0, 1), 0) },
  };
  send({ kind: "ask-claims", id: history.next, about: [about] });
  send({ kind: "claims", to: null, answers: null, claims: [claim] });
  send({ kind: "claims", to: peer, answers: history.next, claims: [claim] });
}

/** Membership's settings; one link stands for all that the socket hears. */
const LINK = "wire";
const members = {
  peers: [{ name: peer, kind: "node", links: [LINK] }],
  keepalive: ms(settings.keepalive),
  warntime: ms(settings.deadtime / 2),
  deadtime: ms(settings.deadtime),
  initdead: ms(settings.initdead ?? 6 * settings.deadtime),
} as const;
let state: State;

/** Does what membership wants done. */
function perform(action: Action): void {
  switch (action.kind) {
    case "say":
      send({ kind: "status", status: action.status, deadtime: action.deadtime });
      if (settings.claims === true) claims();
      return;
    case "ask-nodes":
      return send({ kind: "reqnodes", to: action.to });
    case "active":
      tell({ kind: "self", what: "active" });
      return send({ kind: "starting" });
    case "node":
      if (action.to === "dead") tracking = forsaken(tracking);
      return tell({ kind: "peer", what: action.to });
    case "link":
      return tell({ kind: "link", what: action.state });
    case "late":
      return tell({ kind: "late", what: String(Math.round(action.silence)) });
    default:
  }
}

function happens(event: Event): void {
  const taken = step(members, state, event, now());
  ({ state } = taken);
  taken.actions.forEach(perform);
}

/** Comes back when something is due. */
function wait(): void {
  setTimeout(
    () => {
      if (deadline(members, state) <= now()) happens({ kind: "deadline" });
      wait();
    },
    Math.max(1, elapsed(now(), deadline(members, state))),
  );
}

const receiver: Receiver = {
  own: { name, uuid },
  sender: (source) => (source === peer ? { tracking, dead: state.peers.get(peer)?.status === "dead" } : null),
};

function take(bytes: Uint8Array): void {
  const receipt = receive(receiver, read(bytes, ring), instant(now() + ASK_AFTER));
  if (receipt.kind === "dropped") {
    if (receipt.reason === "own") return;
    tell({ kind: "heard", hex: Uint8Array.from(bytes).toHex() });
    return tell({ kind: "dropped", reason: receipt.reason });
  }
  tell({ kind: "heard", hex: Uint8Array.from(bytes).toHex() });
  const { header, content, admission } = receipt;
  ({ tracking } = receipt);
  peerIndex = receipt.index;
  peerUuid = header.uuid;
  if (admission !== null) {
    const { change, lost } = admission;
    if (change !== "none") history.forget(peer);
    tell({ kind: "accepted", type: header.type, lost, change });
    const sequence = header.sequence ?? 0;
    if (owesAck(tracking, sequence, ACK_TURN)) send({ kind: "ack", to: peer, sequence });
  }
  const what = content.kind === "status" ? { status: content.status, deadtime: content.deadtime } : null;
  happens({ kind: "heard", name: peer, link: LINK, what });
  if (receipt.forUs) answer(content);
}

function answer(content: Content): void {
  switch (content.kind) {
    case "reqnodes":
      return send({ kind: "repnodes", to: peer, nodes: [peer, name], removed: [] });
    case "repnodes":
      return happens({ kind: "nodes-told" });
    case "starting":
      return send({
        kind: "resource",
        hold: "none",
        full: true,
        stable: state.own === "active",
        info: null,
        pings: null,
      });
    case "resource":
      if (content.stable !== true || state.own !== "active") return;
      return send({ kind: "resource", hold: "none", full: true, stable: true, info: null, pings: null });
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

function ask(): void {
  const asking = due(tracking, now(), ASK_EVERY);
  tracking = asking.tracking;
  for (const sequence of asking.ask) {
    tell({ kind: "asked", sequence });
    send({ kind: "rexmit", to: peer, first: sequence, last: sequence });
  }
}

const leave = (): void => void setTimeout(() => process.exit(0), LAST_STATUS_MS);
process.on("SIGTERM", () => {
  send({ kind: "resource", hold: "none", full: true, stable: false, info: "shutdown", pings: null });
  send({ kind: "shutdone" });
  leave();
});

const started = start(members, now());
({ state } = started);
started.actions.forEach(perform);
wait();
setInterval(ask, 20);
