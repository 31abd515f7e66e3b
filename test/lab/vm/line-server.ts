/** A Unix socket that one program calls, and lines in both directions. */
import type { Socket, UnixSocketListener } from "bun";

export class LineServer {
  readonly #listener: UnixSocketListener<undefined>;
  #caller: Socket<undefined> | null = null;
  #unsent: string[] = [];
  #rest = "";

  constructor(path: string, onLine: (line: string) => void) {
    this.#listener = Bun.listen<undefined>({
      unix: path,
      socket: {
        open: (socket) => {
          this.#caller = socket;
          for (const line of this.#unsent.splice(0)) socket.write(`${line}\n`);
        },
        data: (_socket, bytes) => {
          const lines = (this.#rest + bytes.toString()).split("\n");
          this.#rest = lines.pop() ?? "";
          for (const line of lines) onLine(line.trimEnd());
        },
        close: () => {
          this.#caller = null;
        },
        error: () => {
          this.#caller = null;
        },
      },
    });
  }

  /** Short lines only: a socket's buffer takes them whole. What is sent before there is a caller waits for it. */
  send(line: string): void {
    if (this.#caller === null) this.#unsent.push(line);
    else this.#caller.write(`${line}\n`);
  }

  close(): void {
    this.#caller?.end();
    this.#listener.stop(true);
  }
}
