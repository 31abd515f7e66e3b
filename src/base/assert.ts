/** A broken invariant: our own bug. The agent releases what it holds and leaves with exit code 70. */
export class Bug extends Error {
  override readonly name = "Bug";
}

/** States what must be true whatever the outside does; throws {@link Bug} with `message` otherwise. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Bug(message);
}

/** Closes a `switch` over a union: a new variant that nobody handles does not compile. */
export function unreachable(value: never): never {
  throw new Bug(`unreachable: ${JSON.stringify(value)}`);
}
