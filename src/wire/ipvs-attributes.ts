/**
 * Numbers of the generic netlink family IPVS (<linux/ip_vs.h>). A message carries a service in one attribute that contains others, and
 * where it is about a server that in a second one.
 */
import type { Family } from "../base/address.ts";

export const VERSION = 1;

export const COMMAND = {
  "add-service": 1,
  "edit-service": 2,
  "delete-service": 3,
  getService: 4,
  "add-destination": 5,
  "edit-destination": 6,
  "delete-destination": 7,
  getDestination: 8,
  setTimeouts: 12,
  getTimeouts: 13,
} as const;
export const TOP = { service: 1, destination: 2, tcp: 4, tcpFin: 5, udp: 6 } as const;
export const SERVICE = {
  family: 1,
  protocol: 2,
  address: 3,
  port: 4,
  mark: 5,
  scheduler: 6,
  flags: 7,
  timeout: 8,
  netmask: 9,
  statistics: 10,
  engine: 11,
  statistics64: 12,
} as const;
export const DESTINATION = {
  address: 1,
  port: 2,
  forward: 3,
  weight: 4,
  upper: 5,
  lower: 6,
  active: 7,
  inactive: 8,
  persistent: 9,
  statistics: 10,
  family: 11,
  statistics64: 12,
  tunnel: 13,
  tunnelPort: 14,
  tunnelFlags: 15,
} as const;
export const AF = { 4: 2, 6: 10 } as const satisfies Record<Family, number>;
