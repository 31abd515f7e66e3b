/**
 * Filters in classic BPF (Linux Documentation/networking/filter.rst). The data of a packet socket begins at the network header, that
 * of a netlink socket with struct nlmsghdr, whose integers are those of the host: here little-endian, which BPF reads swapped.
 */
import { ETH_P_IP, ETH_P_IPV6 } from "../../native/layout.ts";
import type { Instruction } from "../../native/socket.ts";
import type { Family } from "../base/address.ts";
import { PROTOCOL_HAAGENT } from "../wire/route.ts";

const BPF_LD_B_ABS = 0x30;
const BPF_LD_B_IND = 0x50;
const BPF_LD_W_ABS = 0x20;
const BPF_LD_W_IND = 0x40;
/** X becomes the length of the IPv4 header whose first byte is at k. */
const BPF_LDX_B_MSH = 0xb1;
const BPF_LD_H_ABS = 0x28;
const BPF_JSET_K = 0x45;
const BPF_JEQ_K = 0x15;
const BPF_JGT_K = 0x25;
const BPF_AND_K = 0x54;
const BPF_RET_K = 0x06;

/** SKF_AD_OFF: what the kernel knows of a packet besides its bytes. */
const ABOUT = 0xffff_f000;
/** SKF_AD_PROTOCOL: its EtherType. */
const ETHERTYPE = ABOUT;
/** SKF_AD_PKTTYPE: for whom the link layer says the frame is. */
const PACKET_TYPE = ABOUT + 4;
/** SKF_AD_IFINDEX: the interface that it has come up to. */
const INTERFACE = ABOUT + 8;
/** SKF_AD_VLAN_TAG; its low twelve bits are 0 for a frame of no VLAN. */
const VLAN_TAG = ABOUT + 44;
const VLAN_ID = 0x0fff;
/** PACKET_HOST, PACKET_BROADCAST and PACKET_MULTICAST are 0 to 2; then another host's, our own, looped back. */
const PACKET_MULTICAST = 2;
/** Where the header says what follows it: `protocol` of IPv4, `next header` of IPv6. */
const PROTOCOL_OFFSET: Readonly<Record<Family, number>> = { 4: 9, 6: 6 };
const PROTOCOL_VRRP = 112;
const PROTOCOL_AH = 51;
/** Behind type, code, checksum, identifier and sequence number (RFC 792). */
const ECHO_PAYLOAD = 8;
const WHOLE = 0xffff_ffff;

const ret = (k: number): Instruction => ({ code: BPF_RET_K, jt: 0, jf: 0, k });

/** Drops a packet, or takes it whole. */
export const refused = ret(0);
export const taken = ret(WHOLE);
/** Loads what is at an offset from the network header. */
export const load = (size: "byte" | "word", k: number): Instruction => ({
  ...{ code: size === "byte" ? BPF_LD_B_ABS : BPF_LD_W_ABS, jt: 0, jf: 0, k },
});
/** All but what this host sent itself: a broadcast comes back to its sender. */
export const othersFilter: readonly Instruction[] = [
  { code: BPF_LD_W_ABS, jt: 0, jf: 0, k: PACKET_TYPE },
  ...[{ code: BPF_JGT_K, jt: 0, jf: 1, k: PACKET_MULTICAST }, refused, taken],
];

/** Goes on `jt` instructions later where what was loaded is `k`, and `jf` where not. */
export const equals = (k: number, jt: number, jf: number): Instruction => ({ code: BPF_JEQ_K, jt, jf, k });

/** Drops what did not come up to interface `index`, or not from the link to this host or a group. */
export const toUs = (index: number): readonly Instruction[] => [
  { code: BPF_LD_W_ABS, jt: 0, jf: 0, k: INTERFACE },
  ...[equals(index, 1, 0), refused],
  { code: BPF_LD_W_ABS, jt: 0, jf: 0, k: PACKET_TYPE },
  ...[{ code: BPF_JGT_K, jt: 0, jf: 1, k: PACKET_MULTICAST }, refused],
];

/**
 * Packets of protocol 112, in IPv4 behind an authentication header too, that came from the link for this host or a group; nothing
 * that this host sent itself.
 */
const vrrpFilter = (family: Family): readonly Instruction[] => [
  { code: BPF_LD_W_ABS, jt: 0, jf: 0, k: PACKET_TYPE },
  { code: BPF_JGT_K, jt: family === 4 ? 6 : 3, jf: 0, k: PACKET_MULTICAST },
  { code: BPF_LD_B_ABS, jt: 0, jf: 0, k: PROTOCOL_OFFSET[family] },
  ...(family === 4
    ? [
        { code: BPF_JEQ_K, jt: 0, jf: 2, k: PROTOCOL_AH },
        // What follows the header is its first byte (RFC 2402 2.1).
        { code: BPF_LDX_B_MSH, jt: 0, jf: 0, k: 0 },
        { code: BPF_LD_B_IND, jt: 0, jf: 0, k: 0 },
      ]
    : []),
  { code: BPF_JEQ_K, jt: 0, jf: 1, k: PROTOCOL_VRRP },
  ret(WHOLE),
  ret(0),
];

/**
 * The same on a socket bound to interface `index`. The kernel gives it what came in there, and so what has gone on to a device on top, a
 * VLAN's or a macvlan's, without a sign of that but the device.
 */
export const ownFilter = (family: Family, index: number): readonly Instruction[] => [
  { code: BPF_LD_W_ABS, jt: 0, jf: 0, k: INTERFACE },
  { code: BPF_JEQ_K, jt: 1, jf: 0, k: index },
  ret(0),
  ...vrrpFilter(family),
];

/** The same on a socket that hears every protocol, before any device on top of the interface: frames of VLANs still carry their tag. */
export const tapFilter = (family: Family): readonly Instruction[] => [
  { code: BPF_LD_W_ABS, jt: 0, jf: 0, k: ETHERTYPE },
  { code: BPF_JEQ_K, jt: 0, jf: 3, k: family === 4 ? ETH_P_IP : ETH_P_IPV6 },
  { code: BPF_LD_W_ABS, jt: 0, jf: 0, k: VLAN_TAG },
  { code: BPF_AND_K, jt: 0, jf: 0, k: VLAN_ID },
  { code: BPF_JEQ_K, jt: 1, jf: 0, k: 0 },
  ret(0),
  ...vrrpFilter(family),
];

/** Offsets in struct nlmsghdr, and of the protocol in the struct rtmsg behind it. */
const NLMSG = { type: 4, flags: 6, routeProtocol: 16 + 5 } as const;
/** RTM_NEWROUTE and RTM_DELROUTE, NLM_F_REPLACE: 24, 25 and 0x100 with their bytes swapped. */
const RTM_NEWROUTE = 0x1800;
const RTM_DELROUTE = 0x1900;
const NLM_F_REPLACE = 0x0001;

/**
 * Of what is told about routes only what may concern ours: one that carries our protocol number is gone, or some route took the place of
 * another. A router with a full table changes many a second. Whatever else the feed tells passes.
 */
export const feedFilter: readonly Instruction[] = [
  { code: BPF_LD_H_ABS, jt: 0, jf: 0, k: NLMSG.type },
  { code: BPF_JEQ_K, jt: 0, jf: 2, k: RTM_DELROUTE },
  { code: BPF_LD_B_ABS, jt: 0, jf: 0, k: NLMSG.routeProtocol },
  { code: BPF_JEQ_K, jt: 3, jf: 4, k: PROTOCOL_HAAGENT },
  { code: BPF_JEQ_K, jt: 0, jf: 2, k: RTM_NEWROUTE },
  { code: BPF_LD_H_ABS, jt: 0, jf: 0, k: NLMSG.flags },
  { code: BPF_JSET_K, jt: 0, jf: 1, k: NLM_F_REPLACE },
  ret(WHOLE),
  ret(0),
];

/** Echo replies whose payload begins with this number, as a raw(7) socket hears them: in IPv4 behind their IP header. */
export const echoFilter = (family: Family, token: number): readonly Instruction[] => [
  ...(family === 4
    ? [
        { code: BPF_LDX_B_MSH, jt: 0, jf: 0, k: 0 },
        { code: BPF_LD_W_IND, jt: 0, jf: 0, k: ECHO_PAYLOAD },
      ]
    : [{ code: BPF_LD_W_ABS, jt: 0, jf: 0, k: ECHO_PAYLOAD }]),
  { code: BPF_JEQ_K, jt: 0, jf: 1, k: token },
  ret(WHOLE),
  ret(0),
];

/** Nothing at all. */
export const emptyFilter: readonly Instruction[] = [ret(0)];
