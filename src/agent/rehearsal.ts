/**
 * A takeover played through on a stage of paper. A process takes over once in months, by code that never ran: read from the file, not
 * yet linked, and several times slower than the second time. So the first time is not the one that counts.
 */
import type { Ip, Mac } from "../base/address.ts";
import type { Instant, Priority } from "../base/units.ts";
import { after, centiseconds, instant, ms, priority, seconds } from "../base/units.ts";
import type { ConfigSource } from "../config/model.ts";
import { AUTH_TYPE } from "../vrrp/admit.ts";
import { encodeAh } from "../wire/ah.ts";
import { encodeIp } from "../wire/ip.ts";
import { encodeAddressChange } from "../wire/rtnetlink.ts";
import type { Advertisement } from "../wire/vrrp.ts";
import { encodeAdvertisement, PROTOCOL_VRRP } from "../wire/vrrp.ts";
import { Agent } from "./agent.ts";
import type { Action, Event, KernelAddress, Link } from "./boundary.ts";
import type { VirtualMac } from "./virtual-mac.ts";

/** Turns until everybody is master, at most. */
const TURNS_MAX = 100;

/** One router of each kind; nobody outside ever sees these names and addresses (RFC 5737, RFC 3849). */
const SOURCE: ConfigSource = {
  path: "rehearsal",
  text: `
    [agent]
    node = "rehearsal"
    [vrrp.v3]
    interface = "stage"
    vrid = 1
    addresses = ["192.0.2.1/32"]
    [vrrp.v2]
    interface = "stage"
    vrid = 2
    version = 2
    auth = { type = "pass", key = "rehearse" }
    addresses = ["192.0.2.2/32"]
    [vrrp.v6]
    interface = "stage"
    vrid = 3
    addresses = ["fe80::3/64", "2001:db8::3/64"]
    [vrrp.ah]
    interface = "stage"
    vrid = 4
    version = 2
    auth = { type = "ah", key = "rehearse" }
    addresses = ["192.0.2.4/32"]
    [vrrp.mac]
    interface = "stage"
    vrid = 5
    virtual_mac = true
    accept = false
    addresses = ["192.0.2.5/32"]`,
  failure: null,
  mode: 0o600,
  hostname: "rehearsal",
  accounts: null,
};

const LINK: Link = {
  index: 1,
  name: "stage",
  ethernet: true,
  mac: "02:00:00:00:00:01" as Mac,
  mtu: 1500,
  up: true,
  carrier: true,
  forwarding6: true,
};

const address = (text: string, prefix: number): KernelAddress => ({
  index: LINK.index,
  address: text as Ip,
  prefix,
  label: null,
  secondary: false,
  tentative: false,
  validLifetime: null,
});
const ADDRESSES = [address("192.0.2.8", 24), address("fe80::8", 64)];

const KEY = new TextEncoder().encode("rehearse");

/** What another router would say with this priority, to each of ours. `sequence`: of the one behind an authentication header. */
function adverts(rank: Priority, sequence: number): Event[] {
  const made: [4 | 6, Advertisement][] = [
    ...[1, 5].map((vrid): [4, Advertisement] => [
      4,
      { version: 3, vrid, priority: rank, interval: centiseconds(100), addresses: [`192.0.2.${vrid}` as Ip] },
    ]),
    [
      4,
      {
        version: 2,
        vrid: 2,
        priority: rank,
        interval: seconds(1),
        auth: { type: AUTH_TYPE.pass, data: KEY },
        addresses: ["192.0.2.2" as Ip],
      },
    ],
    [
      4,
      {
        version: 2,
        vrid: 4,
        priority: rank,
        interval: seconds(1),
        auth: { type: AUTH_TYPE.ah, data: new Uint8Array(8) },
        addresses: ["192.0.2.4" as Ip],
      },
    ],
    [
      6,
      {
        version: 3,
        vrid: 3,
        priority: rank,
        interval: centiseconds(100),
        addresses: ["fe80::3" as Ip, "2001:db8::3" as Ip],
      },
    ],
  ];
  return made.map(([family, advertisement]) => {
    const source = (family === 4 ? "192.0.2.9" : "fe80::9") as Ip;
    const destination = (family === 4 ? "224.0.0.18" : "ff02::12") as Ip;
    const payload = encodeAdvertisement(advertisement, { family, source, destination }, "rfc5798");
    const packet = { family, source, destination, protocol: PROTOCOL_VRRP, hopLimit: 255, payload };
    const sealed = advertisement.version === 2 && advertisement.auth.type === AUTH_TYPE.ah;
    const bytes = sealed ? encodeAh(packet, sequence, KEY) : encodeIp(packet, 0);
    return { kind: "frame", index: LINK.index, family, bytes };
  });
}

/** More adverts than our own router sends between two of these: each is above its numbers. */
const SEQUENCE = 1000;

/** The agent of the play, and a kernel that agrees to everything. */
class Stage {
  readonly actions: Action[] = [];
  private readonly agent = new Agent();
  private links: readonly Link[] = [LINK];
  private now: Instant = instant(1e9);
  private wakeAt: Instant = instant(0);

  /** Hands in an event, and then what comes of it. */
  play(event: Event): void {
    const events = [event];
    const perform = (actions: readonly Action[]): void => {
      for (const action of actions) {
        this.actions.push(action);
        if (action.kind === "resync")
          events.push({ kind: "kernel", links: this.links, addresses: ADDRESSES });
        if (action.kind === "refuse") events.push({ kind: "refused", failure: null });
        if (action.kind === "virtual-macs") events.push(this.devices(action.devices));
        if (action.kind !== "addresses") continue;
        for (const change of action.changes) encodeAddressChange(change, 1);
        const results = action.changes.map((change) => ({ change, errno: null }));
        events.push({ kind: "addresses-changed", results });
      }
    };
    for (let next = events.shift(); next !== undefined; next = events.shift()) {
      const handled = this.agent.handle(next, this.now, perform);
      this.wakeAt = handled.wakeAt;
      perform(handled.actions);
    }
  }

  private devices(wanted: readonly VirtualMac[]): Event {
    const made = wanted.map(({ name, mac, up }, at) => ({
      ...LINK,
      index: LINK.index + 1 + at,
      name,
      mac,
      up,
      carrier: up,
    }));
    this.links = [LINK, ...made];
    return { kind: "virtual-macs", results: made.map((link) => ({ name: link.name, link, failure: null })) };
  }

  /** Lets this much time pass, with every deadline in it. */
  pass(milliseconds: number): void {
    const end = after(this.now, ms(milliseconds));
    for (let turn = 0; turn < TURNS_MAX && this.wakeAt <= end; turn++) {
      this.now = instant(Math.max(this.now, this.wakeAt));
      this.play({ kind: "deadline" });
    }
    this.now = end;
  }
}

/**
 * Plays it in steps, some ten milliseconds of work together, of which nothing leaves this file. Gives all that was asked for on the
 * stage so far, in order.
 */
export function* rehearse(): Generator<readonly Action[], void> {
  const stage = new Stage();
  stage.play({
    kind: "start",
    source: SOURCE,
    pid: 0,
    version: "",
    bootId: "",
    links: [LINK],
    addresses: ADDRESSES,
    forwarding: [],
    ledger: [],
  });
  yield stage.actions;
  // Silence, and they take over; a lower one is answered; a higher one is yielded to, and leaves; they take over again.
  stage.pass(5000);
  yield stage.actions;
  for (const [at, rank] of [50, 200, 200, 0].entries()) {
    for (const advert of adverts(priority(rank), SEQUENCE * (at + 1))) stage.play(advert);
    stage.pass(1000);
    yield stage.actions;
  }
  stage.play({ kind: "signal", signal: "SIGTERM" });
  yield stage.actions;
}
