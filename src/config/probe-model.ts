/**
 * What a probe does, for `[check.NAME]` of virtual routers and `[virtual_server.NAME.check]` of real servers alike: a type, and where it goes
 * to. A probe is plain data that holds everything that it depends on; two that are equal do the same.
 *
 * For a real server: read its table by `serverCheck` (tables-check.ts), judge it by `judgeCheck` with `servers: true` (rules-check.ts), and
 * make a `CheckConfig` of a name of its own for each real server by `buildCourse` with the server's endpoint (build-check.ts). Given to the
 * agent's `Checks` beside those of `[check.NAME]`, they are probed once wherever they are the same in everything.
 */
import type { Ip } from "../base/address.ts";

/** HTTP status codes from `low` to `high`, both included. */
export interface StatusRange {
  readonly low: number;
  readonly high: number;
}

/** How a probe leaves this host. */
export interface Route {
  /** SO_BINDTODEVICE; null: as the routes say. */
  readonly interface: string | null;
  /** Null: as the kernel chooses. */
  readonly source: Ip | null;
  /** SO_MARK, which rules of routing and of the packet filter see (socket(7)); 0: none. */
  readonly mark: number;
}

/** Where a probe over a transport with ports goes to, and how. */
export interface Target extends Route {
  readonly address: Ip;
  readonly port: number;
}

/** A command whose exit status 0 is success. */
export interface ScriptProbe {
  readonly type: "script";
  readonly command: readonly string[];
  /** 2 to 255 are success, too, and a number: so much less 2. */
  readonly dynamic: boolean;
}

/** A process that must run; at least one of the two is there, and both must hold. */
export interface ProcessProbe {
  readonly type: "process";
  /** The program's name or path, then its first arguments. */
  readonly program: readonly string[] | null;
  readonly pidfile: string | null;
}

/** A file that must be there. */
export interface FileProbe {
  readonly type: "file";
  readonly file: string;
  /** A regular expression that the content must match. */
  readonly pattern: string | null;
  /** Milliseconds since it was last written at most; null: however old. */
  readonly maxAge: number | null;
  /** Bytes that it has at least. */
  readonly minSize: number;
  /** It holds an integer, which is added to the priority `scale` times. */
  readonly integer: {
    readonly scale: number;
    /** What counts while there is none; null: that is a failure. */
    readonly fallback: number | null;
  } | null;
}

/** A connection that must come about. */
export interface TcpProbe extends Target {
  readonly type: "tcp";
}

/** How a connection is secured. */
export interface TlsConfig {
  /** Server Name Indication (RFC 6066 3); null: none, as a name is not known. */
  readonly serverName: string | null;
  /** The name or address that the certificate must be for. */
  readonly identity: string;
  /** Whether the certificate must be good. */
  readonly verify: boolean;
  /** File of the certificates that vouch for it, PEM; null: those that the runtime has. */
  readonly authorities: string | null;
  /** Days before its end from which on it is warned of. */
  readonly expiryWarning: number;
}

/** One thing that is asked of an HTTP server, and what the answer must be. */
export interface HttpRequest {
  readonly path: string;
  readonly statuses: readonly StatusRange[];
  /** A regular expression that the body must match. */
  readonly pattern: string | null;
  /** MD5 of the body in hexadecimal. */
  readonly digest: string | null;
}

/** Requests that must be answered as expected, one after another, each over a connection of its own. */
export interface HttpProbe extends Target {
  readonly type: "http" | "https";
  readonly method: "GET" | "HEAD" | "OPTIONS";
  /** Of the Host header. */
  readonly host: string;
  /** Further fields of the header, `NAME: VALUE`. */
  readonly headers: readonly string[];
  readonly requests: readonly HttpRequest[];
  /** Null for http. */
  readonly tls: TlsConfig | null;
}

/** An ICMP echo request that must be answered. */
export interface PingProbe extends Route {
  readonly type: "ping";
  readonly address: Ip;
}

/** A mail server that must greet, and know us. */
export interface SmtpProbe extends Target {
  readonly type: "smtp";
  readonly tls: TlsConfig | null;
  /** Whom we say we are; null: as this host is called. */
  readonly helo: string | null;
}

/** A server that must answer PING. */
export interface RedisProbe extends Target {
  readonly type: "redis";
  readonly tls: TlsConfig | null;
  /** Null: nobody logs in, and to be asked for a password is an answer. */
  readonly login: { readonly username: string | null; readonly password: string } | null;
}

/** A server of a database that must greet, or let somebody in. */
export interface DatabaseProbe extends Target {
  readonly type: "mysql" | "pgsql";
  readonly tls: TlsConfig | null;
  /** Null: nobody logs in, and to be asked who we are is an answer. */
  readonly login: {
    readonly username: string;
    readonly password: string;
    readonly database: string | null;
  } | null;
  /** Of mysql without TLS: a server that wants the password itself is asked for a public key, and believed. */
  readonly asksKey: boolean;
}

/** A name server that must answer. */
export interface DnsProbe extends Target {
  readonly type: "dns";
  readonly transport: "udp" | "tcp";
  readonly question: {
    readonly name: string;
    /** Of the record; 1 to 65535. */
    readonly type: number;
    /** The response code that is success; 0: NOERROR. */
    readonly code: number;
    /** A regular expression that the data of a record must match. */
    readonly pattern: string | null;
  };
}

/** A datagram that must not be refused, or must be answered. */
export interface UdpProbe extends Target {
  readonly type: "udp";
  /** Bytes. */
  readonly payload: readonly number[];
  /** A regular expression that the reply must match. */
  readonly pattern: string | null;
  /** Silence is a failure. */
  readonly requireReply: boolean;
}

/** Nothing is probed: the answer is always the same. */
export interface FixedProbe {
  readonly type: "on" | "off";
}

/** What the agent probes by itself, without starting a program. */
export type BuiltInProbe =
  | ProcessProbe
  | FileProbe
  | TcpProbe
  | HttpProbe
  | PingProbe
  | SmtpProbe
  | RedisProbe
  | DatabaseProbe
  | DnsProbe
  | UdpProbe
  | FixedProbe;
export type ProbeConfig = ScriptProbe | BuiltInProbe;
