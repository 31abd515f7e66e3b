/** Two guests as two boxes in a rack: a cable between their eth0, and a null modem between their /dev/ttyS1. */
import { makeScratch, removeScratch } from "../scratch.ts";
import { Guest } from "./guest.ts";
import { NullModem } from "./null-modem.ts";

export class GuestPair {
  readonly guests: readonly [Guest, Guest];
  readonly line: NullModem;
  readonly #directory: string;

  private constructor(guests: readonly [Guest, Guest], line: NullModem, directory: string) {
    this.guests = guests;
    this.line = line;
    this.#directory = directory;
  }

  /** Boots both; eth0 is up, without an address. */
  static async boot(): Promise<GuestPair> {
    const directory = makeScratch();
    const line = new NullModem(directory);
    const [a, b] = [`${directory}/lan-a`, `${directory}/lan-b`];
    const pair = new GuestPair(
      [
        Guest.start({ name: "one", cables: [{ local: a, remote: b }], serial: line.path(0) }),
        Guest.start({ name: "two", cables: [{ local: b, remote: a }], serial: line.path(1) }),
      ],
      line,
      directory,
    );
    try {
      await Promise.all(pair.guests.map((guest) => guest.booted()));
      await Promise.all(pair.guests.map((guest) => guest.run(["ip", "link", "set", "eth0", "up"])));
      return pair;
    } catch (cause) {
      await pair.close();
      throw cause;
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.guests.map((guest) => guest.close()));
    this.line.close();
    removeScratch(this.#directory);
  }
}
