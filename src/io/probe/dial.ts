/** A TCP connection for a probe, through the event loop from its first packet on; with TLS over it where that is wanted. */
import type { Socket, SocketHandler } from "bun";
import { errnoName } from "../../../native/libc.ts";
import { takeSocketError } from "../../../native/socket.ts";
import type { Transcript } from "../../check/transcript.ts";
import type { Target } from "../../config/probe-model.ts";
import { codeOf } from "../reason.ts";
import { openConnected, TCP } from "./socket.ts";
import type { TlsTerms } from "./tls.ts";
import { secure } from "./tls.ts";

/** What {@link dial} calls, always later. */
export interface Caller {
  connected(line: Line): void;
  data(bytes: Uint8Array): void;
  /** The other side has closed; nothing follows. */
  ended(): void;
  /** `ECONNREFUSED`, `ENETUNREACH`, `ENODEV: interface wan0`; nothing follows. */
  failed(why: string): void;
}

/** A connection that stands. */
export interface Line {
  /** Begins TLS; {@link Caller.connected} is called again with what is a line from then on. */
  secure(terms: TlsTerms): void;
  /** False when the kernel would not take all of it at once. `shown`: what a transcript has of it, where it holds a secret. */
  write(bytes: Uint8Array, shown?: string | null): boolean;
}

/** A connection, or one that is to be. */
export interface Dialled {
  /** Closes it, with a FIN if it stands; nothing is called any more. */
  close(): void;
}

/** Connects to where a probe says. */
export function dial(to: Target, transcript: Transcript, caller: Caller): Dialled {
  const call = new Call(transcript, caller);
  const opened = openConnected(TCP, to, to.address, to.port);
  if (opened.ok) call.adopt(opened.value);
  else queueMicrotask(() => call.fail(opened.error));
  return call;
}

/** Of all connections: thousands begin and end in a second, and nothing is made anew for each. */
const HANDLER: SocketHandler<Call, "uint8array"> = {
  binaryType: "uint8array",
  open: (made) => made.data.opened(made),
  drain: (made) => made.data.reached(made),
  data: (made, bytes) => made.data.got(made, bytes),
  end: (made) => made.data.halfClosed(made),
  close: (made, error) => made.data.ended(error),
  error(_, error) {
    // A handler threw: a bug of ours, which must not be taken for an error of the socket.
    throw error;
  },
};

const NEVER_TWICE = (): never => {
  throw new Error("TLS over TLS");
};

/** One connection; once it is over nothing is told. */
class Call implements Dialled {
  readonly #transcript: Transcript;
  readonly #caller: Caller;
  #over = false;
  /** Of TCP. */
  #connected = false;
  /** TLS has begun. */
  #secured = false;
  /** The caller was told. */
  #stands = false;
  /** TCP's, then TLS's. */
  #socket: { close(): void } | null = null;
  #fd = -1;

  constructor(transcript: Transcript, caller: Caller) {
    this.#transcript = transcript;
    this.#caller = caller;
  }

  close(): void {
    this.#over = true;
    this.#socket?.close();
  }

  fail(why: string): void {
    this.#finish(why, () => this.#caller.failed(why));
  }

  #finish(note: string, tell: () => void): void {
    if (this.#over) return;
    this.#over = true;
    this.#transcript.note(note);
    tell();
  }

  /** The other side has closed, or the socket failed. */
  ended(error: unknown): void {
    if (error !== undefined && error !== null) this.fail(codeOf(error));
    else if (this.#stands) this.#finish("closed by the server", () => this.#caller.ended());
    else this.fail(this.#connected ? "closed before TLS" : "ECONNRESET");
  }

  adopt(fd: number): void {
    this.#fd = fd;
    // As in adopt(): `fd` is documented but in no overload of the types.
    const options = { fd, data: this, socket: HANDLER } as unknown as Parameters<typeof Bun.connect>[0];
    Bun.connect(options).catch((error: unknown) => this.ended(error));
  }

  /** The socket is there, long before it is connected. */
  opened(made: Socket<Call>): void {
    this.#socket = made;
    if (this.#over) made.close();
  }

  got(made: Socket<Call>, bytes: Uint8Array): void {
    this.reached(made);
    if (!this.#secured) this.#data(bytes);
  }

  halfClosed(made: Socket<Call>): void {
    if (!this.#secured) this.ended(null);
    made.close();
  }

  /** Writable means connected, or failed: connect(2). */
  reached(made: Socket<Call>): void {
    if (this.#over || this.#connected) return;
    const error = takeSocketError(this.#fd);
    if (error !== 0) {
      this.fail(errnoName(error));
      made.close();
      return;
    }
    this.#connected = true;
    this.#transcript.note("connected");
    this.#told(made, (terms) => this.#secure(made, terms));
  }

  #secure(made: Socket<Call>, terms: TlsTerms): void {
    this.#secured = true;
    this.#stands = false;
    try {
      this.#socket = secure(made, terms, {
        agreed: (line, note) => {
          if (this.#over) return;
          this.#transcript.note(note);
          this.#told(line, NEVER_TWICE);
        },
        refused: (why) => {
          this.fail(why);
          this.#socket?.close();
        },
        data: (bytes) => this.#data(bytes),
        ended: (error) => this.ended(error),
      });
    } catch (error) {
      // The file of authorities has none: another one may stand there at the next probe.
      const why = error instanceof Error ? error.message : String(error);
      this.fail(why === "Invalid CA" ? `no certificate (PEM) in ${terms.config.authorities}` : `TLS: ${why}`);
      made.close();
    }
  }

  #told(line: Pick<Socket, "write">, secure: Line["secure"]): void {
    this.#stands = true;
    this.#caller.connected({
      secure,
      write: (bytes, shown) => {
        this.#transcript.sent(bytes, shown ?? null);
        return line.write(bytes) === bytes.length;
      },
    });
  }

  #data(bytes: Uint8Array): void {
    if (this.#over) return;
    this.#transcript.got(bytes);
    this.#caller.data(bytes);
  }
}
