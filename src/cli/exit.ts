/** Exit codes of haagent; scripts and service managers rely on them. */
export const EXIT = {
  done: 0,
  /** A bad configuration, an unknown name, a refused reload, a command of a later version. */
  input: 1,
  /** An unknown flag or command. */
  usage: 2,
  /** Something is degraded or in fault. */
  degraded: 3,
  noAgent: 4,
  /** Permission, busy, another agent on the same runtime_dir. */
  refused: 5,
  /** A broken invariant of our own. */
  bug: 70,
} as const;
