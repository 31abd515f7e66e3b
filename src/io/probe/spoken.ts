/** Servers that are talked to over one TCP connection: mail, Redis, MySQL, PostgreSQL. */
import { hostname } from "node:os";
import { unreachable } from "../../base/assert.ts";
import type { Dialogue } from "../../check/dialogue.ts";
import { Heard, overTls } from "../../check/dialogue.ts";
import { mysql } from "../../check/mysql.ts";
import { pgsql } from "../../check/pgsql.ts";
import { redis } from "../../check/redis.ts";
import { smtp } from "../../check/smtp.ts";
import type { DatabaseProbe, RedisProbe, SmtpProbe } from "../../config/probe-model.ts";
import { converse } from "./converse.ts";
import type { Prober } from "./prober.ts";
import { seal } from "./seal.ts";
import { secured } from "./secured.ts";

export type SpokenProbe = SmtpProbe | RedisProbe | DatabaseProbe;

/** Bytes of a server's words that wait at most. */
const HEARD_MAX = 64 * 1024;
/** The port of mail that begins with TLS (RFC 8314 3.3). */
const SUBMISSIONS = 465;
/** Random bytes of a nonce (RFC 5802 5.1). */
const NONCE = 18;

function begin(probe: SpokenProbe, heard: Heard): Dialogue {
  const tls = probe.tls !== null;
  switch (probe.type) {
    case "smtp": {
      const helo = probe.helo ?? hostname();
      if (tls && probe.port === SUBMISSIONS) return overTls(smtp(helo, heard));
      return smtp(helo, heard, tls);
    }
    case "redis":
      return tls ? overTls(redis(probe.login, heard)) : redis(probe.login, heard);
    case "mysql":
      return mysql(probe.login, heard, seal, tls ? "tls" : probe.asksKey ? "key" : "nohow");
    case "pgsql": {
      const nonce = Buffer.from(crypto.getRandomValues(new Uint8Array(NONCE))).toString("base64");
      return pgsql(probe.login, nonce, heard, tls);
    }
    default:
      return unreachable(probe);
  }
}

export const probeSpoken: Prober<SpokenProbe> = (probe, told, transcript) =>
  secured(probe.tls, told, (terms, tell) => {
    const heard = new Heard(HEARD_MAX);
    return converse(probe, terms, begin(probe, heard), heard, transcript, tell);
  });
