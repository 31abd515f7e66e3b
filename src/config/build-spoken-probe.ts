/** From the keys of a check to what is said to a mail server, a name server, a database, or by a datagram. */
import { RESPONSE_CODES } from "../wire/dns.ts";
import type { DatabaseProbe, DnsProbe, RedisProbe, SmtpProbe, Target, UdpProbe } from "./probe-model.ts";
import type { ProbeValues } from "./tables-check.ts";

/** What the types have in common here: null where anything that is needed could not be read. */
type Build<Probe> = (values: ProbeValues, to: Target) => Probe | null;

export const buildSmtp: Build<SmtpProbe> = ({ helo }, to) =>
  helo === null ? null : { type: "smtp", ...to, helo: helo.value };

export const buildRedis: Build<RedisProbe> = ({ username, password }, to) => {
  if (username === null || password === null) return null;
  const login = password.value === null ? null : { username: username.value, password: password.value };
  return { type: "redis", ...to, login };
};

export const buildDatabase =
  (type: "mysql" | "pgsql"): Build<DatabaseProbe> =>
  ({ username, password, database }, to) => {
    if (username === null || password === null || database === null) return null;
    const login =
      username.value === null
        ? null
        : { username: username.value, password: password.value ?? "", database: database.value };
    return { type, ...to, login };
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
