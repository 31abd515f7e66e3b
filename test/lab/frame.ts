/**
 * What a capture saw, read by code of the lab's own: the product's decoders are not their own witness. Knows just enough of
 * Ethernet, ARP, IPv4, IPv6, ICMP echo and VRRP to tell who advertised, who announced and who answered.
 */

export interface Frame {
  /** Wall clock, milliseconds with the capture's fraction. */
  readonly at: number;
  /** Link-layer addresses, lower case with colons. */
  readonly source: string;
  readonly destination: string;
  readonly ethertype: number;
  /** After the Ethernet header. */
  readonly bytes: Uint8Array;
  readonly seen: Seen;
}

export type Seen =
  | Advert
  /** Gratuitous: sender and target are one address. */
  | { readonly kind: "arp"; readonly operation: number; readonly sender: string; readonly target: string }
  /** A neighbour advertisement to all nodes. */
  | { readonly kind: "announcement"; readonly target: string; readonly router: boolean }
  | {
      readonly kind: "echo";
      readonly reply: boolean;
      readonly id: number;
      readonly sequence: number;
      readonly from: string;
      readonly to: string;
    }
  | { readonly kind: "other" };

export interface Advert {
  readonly kind: "advert";
  readonly from: string;
  readonly to: string;
  readonly ttl: number;
  readonly version: number;
  readonly vrid: number;
  readonly priority: number;
  /** As in the packet: seconds in version 2, centiseconds in version 3. */
  readonly interval: number;
  readonly count: number;
}

const OTHER: Seen = { kind: "other" };

/** Reads one Ethernet frame. */
export function readFrame(at: number, bytes: Uint8Array): Frame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const ethertype = bytes.length >= 14 ? view.getUint16(12) : 0;
  const body = bytes.subarray(14);
  return {
    at,
    source: mac(bytes.subarray(6, 12)),
    destination: mac(bytes.subarray(0, 6)),
    ethertype,
    bytes: body,
    seen: look(ethertype, body),
  };
}

function look(ethertype: number, body: Uint8Array): Seen {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  if (ethertype === 0x0806 && body.length >= 28) {
    return {
      kind: "arp",
      operation: view.getUint16(6),
      sender: ip4(body.subarray(14, 18)),
      target: ip4(body.subarray(24, 28)),
    };
  }
  if (ethertype === 0x0800 && body.length >= 20) {
    const header = (view.getUint8(0) & 0x0f) * 4;
    const payload = body.subarray(header, view.getUint16(2));
    return inIp(
      view.getUint8(9),
      payload,
      ip4(body.subarray(12, 16)),
      ip4(body.subarray(16, 20)),
      view.getUint8(8),
    );
  }
  if (ethertype === 0x86dd && body.length >= 40) {
    const payload = body.subarray(40, 40 + view.getUint16(4));
    return inIp(
      view.getUint8(6),
      payload,
      ip6(body.subarray(8, 24)),
      ip6(body.subarray(24, 40)),
      view.getUint8(7),
    );
  }
  return OTHER;
}

function inIp(protocol: number, payload: Uint8Array, from: string, to: string, ttl: number): Seen {
  if (payload.length < 8) return OTHER;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  if (protocol === 112) {
    const version = view.getUint8(0) >> 4;
    return {
      kind: "advert",
      from,
      to,
      ttl,
      version,
      vrid: view.getUint8(1),
      priority: view.getUint8(2),
      count: view.getUint8(3),
      interval: version === 2 ? view.getUint8(5) : view.getUint16(4) & 0x0fff,
    };
  }
  // An authentication header of 24 bytes, which begins with the protocol behind it (RFC 2402 2).
  if (protocol === 51 && payload.length > 24)
    return inIp(view.getUint8(0), payload.subarray(24), from, to, ttl);
  const type = view.getUint8(0);
  const echo =
    (protocol === 1 && (type === 0 || type === 8)) || (protocol === 58 && (type === 128 || type === 129));
  if (echo) {
    return {
      kind: "echo",
      reply: type === 0 || type === 129,
      id: view.getUint16(4),
      sequence: view.getUint16(6),
      from,
      to,
    };
  }
  if (protocol === 58 && type === 136 && payload.length >= 24 && to === "ff02::1") {
    return {
      kind: "announcement",
      target: ip6(payload.subarray(8, 24)),
      router: (view.getUint8(4) & 0x80) !== 0,
    };
  }
  return OTHER;
}

const mac = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");

const ip4 = (bytes: Uint8Array): string => bytes.join(".");

/** RFC 5952 text, enough for the lab's addresses: the longest run of zero groups is left out. */
function ip6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, at) =>
    (((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0)).toString(16),
  );
  const text = groups.join(":");
  let longest = { at: 0, length: 0 };
  for (const { 0: run, index } of text.matchAll(/\b0(:0)+\b/g)) {
    if (run.length > longest.length) longest = { at: index, length: run.length };
  }
  if (longest.length === 0) return text;
  const [before, behind] = [text.slice(0, longest.at), text.slice(longest.at + longest.length)];
  return `${before.replace(/:$/, "")}::${behind.replace(/^:/, "")}`;
}
