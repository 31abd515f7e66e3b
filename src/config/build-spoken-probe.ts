/** From the keys of a check to what is said to a mail server, a name server, a database, or by a datagram. */
import { RESPONSE_CODES } from "../wire/dns.ts";
import { buildTls } from "./build-web-probe.ts";
import type {
  DatabaseProbe,
  DnsProbe,
  RedisProbe,
  SmtpProbe,
  Target,
  TlsConfig,
  UdpProbe,
} from "./probe-model.ts";
import type { ProbeValues } from "./tables-check.ts";

/** What the types have in common here: null where anything that is needed could not be read. */
type Build<Probe> = (values: ProbeValues, to: Target) => Probe | null;

/** The same of TLS: null without it. */
function tlsOf(values: ProbeValues, { address }: Target): TlsConfig | null | "unreadable" {
  if (values.tls === null) return "unreadable";
  return values.tls.value ? (buildTls(values, address) ?? "unreadable") : null;
}

export const buildSmtp: Build<SmtpProbe> = (values, to) => {
  const { helo } = values;
  const tls = tlsOf(values, to);
  return helo === null || tls === "unreadable" ? null : { type: "smtp", ...to, tls, helo: helo.value };
};

export const buildRedis: Build<RedisProbe> = (values, to) => {
  const { username, password } = values;
  const tls = tlsOf(values, to);
  if (username === null || password === null || tls === "unreadable") return null;
  const login = password.value === null ? null : { username: username.value, password: password.value };
  return { type: "redis", ...to, tls, login };
};

export const buildDatabase =
  (type: "mysql" | "pgsql"): Build<DatabaseProbe> =>
  (values, to) => {
    const { username, password, database, get_server_public_key: asksKey } = values;
    const tls = tlsOf(values, to);
    if (username === null || password === null || database === null) return null;
    if (asksKey === null || tls === "unreadable") return null;
    const login =
      username.value === null
        ? null
        : { username: username.value, password: password.value ?? "", database: database.value };
    return { type, ...to, tls, login, asksKey: asksKey.value };
  };

export const buildDns: Build<DnsProbe> = (values, to) => {
  const { query, query_type: type, transport, expect_rcode: code, expect_answer: pattern } = values;
  if (query === null || type === null || transport === null || code === null || pattern === null) return null;
  const question = {
    name: query.value,
    type: type.value,
    code: RESPONSE_CODES.indexOf(code.value),
    pattern: pattern.value,
  };
  return { type: "dns", ...to, transport: transport.value, question };
};

export const buildUdp: Build<UdpProbe> = (values, to) => {
  const { payload, payload_hex: digits, expect_reply: pattern, require_reply: required } = values;
  if (payload === null || digits === null || pattern === null || required === null) return null;
  const bytes =
    digits.value === null
      ? [...new TextEncoder().encode(payload.value ?? "")]
      : Array.from(digits.value.matchAll(/[0-9a-fA-F]{2}/g), ([pair]) => Number.parseInt(pair, 16));
  return {
    type: "udp",
    ...to,
    payload: bytes,
    pattern: pattern.value,
    requireReply: required.value || pattern.value !== null,
  };
};
