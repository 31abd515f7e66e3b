/** TLS over a connection of a probe, by the runtime's own, and what is asked of the server's certificate. */
import type { PeerCertificate } from "node:tls";
import { checkServerIdentity } from "node:tls";
import type { Socket, SocketHandler } from "bun";
import { chainFault, dayOf, nameFault } from "../../check/certificate.ts";
import type { TlsConfig } from "../../config/probe-model.ts";
import { codeOf } from "../reason.ts";

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
export function secure(
  socket: Pick<Socket, "upgradeTLS">,
  { config, authorities, expiring }: TlsTerms,
  party: Party,
): Socket {
  const handler: SocketHandler<undefined> = {
    handshake(line, _success, error) {
      // Not successful it is for the runtime with a certificate that it does not like, too.
      const certificate: PeerCertificate | null | undefined = line.getPeerCertificate();
      if (typeof certificate?.valid_to !== "string") {
        party.refused(`TLS: ${error === null ? "refused" : codeOf(error)}`);
        return;
      }
      const fault = config.verify ? faultOf(certificate, error, config) : null;
      if (fault !== null) {
        party.refused(`certificate: ${fault}`);
        return;
      }
      const end = Date.parse(certificate.valid_to);
      const until = dayOf(end) ?? "";
      const left = (end - Date.now()) / DAY;
      if (Number.isFinite(left)) expiring(Math.floor(left), until);
      party.agreed(line, `${line.getTLSVersion()}, certificate until ${until}`);
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

/** What is wrong with a certificate, as the runtime found its chain and for whom it must be; null: nothing. */
function faultOf(
  certificate: PeerCertificate,
  chain: Error | null,
  { identity, authorities }: TlsConfig,
): string | null {
  const code = chain === null ? null : codeOf(chain);
  // The runtime's types promise what a server may leave out.
  const {
    valid_from: from,
    valid_to: until,
    subjectaltname,
    subject,
  } = certificate as Partial<PeerCertificate>;
  const names = subjectaltname ?? (typeof subject?.CN === "string" ? `CN ${subject.CN}` : "");
  const shown = { from: Date.parse(from ?? ""), until: Date.parse(until ?? ""), names };
  // The runtime knows a name only where one was sent: it is asked here.
  if (code !== null && code !== "ERR_TLS_CERT_ALTNAME_INVALID") {
    return chainFault(code, shown, authorities !== null, Date.now());
  }
  return isFor(certificate, identity) ? null : nameFault(identity, shown);
}

/** Whether a certificate is for a name or an address (RFC 9525). */
function isFor(certificate: PeerCertificate, identity: string): boolean {
  try {
    return checkServerIdentity(identity, certificate) === undefined;
  } catch {
    // It has parts that the runtime does not expect: a server may send what it likes.
    return false;
  }
}
