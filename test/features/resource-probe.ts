/** The scripts of a scene's resources, and what they write down. */
import { existsSync, readFileSync } from "node:fs";

/** An address that moves with the group of `a`, where the other node is heartbeat; no station of the lab has it. */
export const ADDRESS = "10.77.0.77";

/** A resource that runs while its file is there, and logs when it begins to start and when it has stopped, in milliseconds. */
export const probe = (here: string): string[] => [
  "#!/bin/sh",
  `here=${here}`,
  'case "$2" in',
  '  start) [ -e $here/fails-$1 ] && exit 1; echo "$(date +%s%3N) start $1" >> $here/ran; echo on > $here/on-$1 ;;',
  '  stop) [ -e $here/sticks-$1 ] && exit 1; if [ -e $here/on-$1 ]; then rm $here/on-$1; echo "$(date +%s%3N) stop $1" >> $here/ran; fi ;;',
  "  status) [ -e $here/on-$1 ] && echo running || echo stopped ;;",
  "esac",
  "exit 0",
];

/** heartbeat's own wants a gateway that answers, and takes two seconds. */
export const ADDRESS_SCRIPT = [
  "#!/bin/sh",
  `it="${ADDRESS}/24 dev eth0"`,
  'case "$2" in',
  "  start) ip address add $it ;;",
  "  stop) ip address del $it 2>/dev/null; exit 0 ;;",
  `  status) ip -o address show to ${ADDRESS} | grep -q . && echo running || echo stopped ;;`,
  "esac",
];

/** What a script did. */
export interface Move {
  readonly at: number;
  readonly node: "a" | "b";
  readonly what: string;
}

export const linesOf = (path: string): string[] =>
  existsSync(path) ? readFileSync(path, "utf8").split("\n").filter(Boolean) : [];

export const movesOf = (node: Move["node"], lines: readonly string[]): Move[] =>
  lines.map((line) => {
    const [at = "", ...what] = line.split(" ");
    return { at: Number(at), node, what: what.join(" ") };
  });
