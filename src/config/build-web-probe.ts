/** From the keys of a check by HTTP or HTTPS to what is asked. */
import type { Ip } from "../base/address.ts";
import { familyOf } from "../base/address.ts";
import type { HttpProbe, HttpRequest, Target, TlsConfig } from "./probe-model.ts";
import { entries } from "./sections.ts";
import type { ProbeValues } from "./tables-check.ts";
import { USUAL_PORT } from "./tables-probe.ts";

/** The probe; null if anything that it needs could not be read. */
export function buildWeb(type: "http" | "https", values: ProbeValues, to: Target): HttpProbe | null {
  const { method, host, headers } = values;
  const requests = buildRequests(values);
  if (method === null || host === null || headers === null || requests === null) return null;
  const tls = type === "http" ? null : buildTls(values, to.address);
  if (tls === null && type === "https") return null;
  return {
    type,
    ...to,
    method: method.value,
    host: host.value ?? hostField(to.address, to.port, USUAL_PORT[type]),
    headers: entries(headers).map(({ value }) => value),
    requests,
    tls,
  };
}

function buildRequests(values: ProbeValues): readonly HttpRequest[] | null {
  const { path, urls, expect_status: statuses, expect_body: pattern, expect_digest: digest } = values;
  if (path === null || urls === null || statuses === null || pattern === null || digest === null) return null;
  if (urls.value.length === 0) {
    return [{ path: path.value, statuses: statuses.value, pattern: pattern.value, digest: digest.value }];
  }
  const requests = entries(urls).flatMap(({ value: url }) => {
    const { expect_status: own, expect_body: body, expect_digest: hash } = url;
    if (url.path === null || own === null || body === null || hash === null) return [];
    return [
      {
        path: url.path.value,
        statuses: own.value ?? statuses.value,
        pattern: body.value,
        digest: hash.value,
      },
    ];
  });
  return requests.length === urls.value.length ? requests : null;
}

/** On what terms, where the connection is secured; null if anything could not be read. */
export function buildTls(values: ProbeValues, address: Ip): TlsConfig | null {
  const { server_name: name, host, verify, ca, expiry_warning: warning } = values;
  if (name === null || host === null || verify === null || ca === null || warning === null) return null;
  const serverName = name.value ?? (host.value === null ? null : nameIn(host.value));
  return {
    serverName,
    identity: serverName ?? address,
    verify: verify.value,
    authorities: ca.value,
    expiryWarning: warning.value,
  };
}

/** The name in a Host header, without its port; null for an address, which SNI does not carry (RFC 6066 3). */
function nameIn(host: string): string | null {
  const name = host.replace(/:\d*$/, "");
  return /^[0-9.]*$/.test(name) || name.includes(":") ? null : name;
}

/** The Host header of RFC 9110 7.2: an IPv6 address in brackets, the port unless it is the usual one. */
function hostField(address: Ip, port: number, usual: number | undefined): string {
  const host = familyOf(address) === 6 ? `[${address}]` : address;
  return port === usual ? host : `${host}:${port}`;
}
