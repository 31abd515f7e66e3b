/** TLS over a connection of a probe, by the runtime's own, and what is asked of the server's certificate. */
import { checkServerIdentity } from "node:tls";
import type { Socket, SocketHandler } from "bun";
import type { TlsConfig } from "../../config/probe-model.ts";
import { codeOf } from "../adopt.ts";

const DAY = 86_400_000;

/** On what terms a connection is secured. */
export interface TlsTerms {
  readonly config: TlsConfig;
  /** Certificates that vouch for others, as PEM; null: those that the runtime has. */
  readonly authorities: string | null;
  /** Told the days that are left to the server's certificate. */
  readonly expiring: (days: number, until: string) => void;
}

/** What {@link secure} calls. */
interface Party {
  /** The certificate is good, or need not be; `note` says what was agreed on. */
  agreed(line: Socket, note: string): void;
  refused(why: string): void;
  data(bytes: Uint8Array): void;
  ended(error: unknown): void;
}

/** Begins TLS on a connected socket; gives the one to close from then on. */
export function secure(socket: Socket, { config, authorities, expiring }: TlsTerms, party: Party): Socket {
  const handler: SocketHandler<undefined> = {
    handshake(line, success, error) {
      if (!success) {
        party.refused(`TLS: ${error === null ? "refused" : codeOf(error)}`);
        return;
      }
      const certificate = line.getPeerCertificate();
      const left = (Date.parse(certificate.valid_to) - Date.now()) / DAY;
      if (config.verify) {
        // The runtime has verified the chain; whom it is for is asked here.
        const foreign =
          error ?? (checkServerIdentity(config.identity, certificate) === undefined ? null : "name");
        if (foreign !== null) {
          party.refused(
            `certificate: ${foreign === "name" ? `not for ${config.identity}` : codeOf(foreign)}`,
          );
          return;
        }
      }
      if (Number.isFinite(left)) expiring(Math.floor(left), day(certificate.valid_to));
      party.agreed(line, `${line.getTLSVersion()}, certificate until ${day(certificate.valid_to)}`);
    },
    data: (_, bytes) => party.data(bytes),
    end(line) {
      party.ended(null);
      line.close();
    },
    close: (_, error) => party.ended(error),
    error(_, error) {
      throw error;
    },
  };
  const [, line] = socket.upgradeTLS({
    data: undefined,
    tls: {
      rejectUnauthorized: false,
      ...(config.serverName === null ? {} : { serverName: config.serverName }),
      ...(authorities === null ? {} : { ca: authorities }),
    },
    socket: handler,
  });
  return line;
}

/** `2026-11-26`; empty for a date that is none. */
function day(date: string): string {
  const time = Date.parse(date);
  return Number.isFinite(time) ? new Date(time).toISOString().slice(0, 10) : "";
}
