/** What the demo and the tests need from the machine, and which Debian package has it: the one place where this is said. */

export interface Tool {
  /** A program that must be on the PATH. */
  readonly program: string;
  /** The Debian package that brings it. */
  readonly debian: string;
  /** Who needs it. */
  readonly reason: string;
}

/** For `npm start`: namespaces, bridges and a client. */
export const DEMO_TOOLS: readonly Tool[] = [
  { program: "ip", debian: "iproute2", reason: "network namespaces, bridges and addresses" },
];

/** For `npm test`: what the demo needs, and the real peers and witnesses. */
export const TEST_TOOLS: readonly Tool[] = [
  ...DEMO_TOOLS,
  { program: "tc", debian: "iproute2", reason: "links that delay and lose packets" },
  { program: "ping", debian: "iputils-ping", reason: "a client that we did not write" },
  { program: "keepalived", debian: "keepalived", reason: "the peer that haagent must agree with" },
  { program: "tshark", debian: "tshark", reason: "the judge of every packet we send" },
  { program: "tcpdump", debian: "tcpdump", reason: "captures" },
  { program: "strace", debian: "strace", reason: "which system calls are made, and in which order" },
  { program: "git", debian: "git", reason: "the commit in the version" },
];

/** The tools that are not on the PATH of this process (sbin included: Debian gives users a PATH without it). */
export function missing(tools: readonly Tool[]): Tool[] {
  const path = `${process.env["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`;
  return tools.filter((tool) => Bun.which(tool.program, { PATH: path }) === null);
}
