/**
 * Quantities with their unit in the type. A bare number never crosses a module boundary as a time or a priority:
 * arithmetic gives back `number`, so every formula ends in one of the constructors below, by name.
 */
declare const unit: unique symbol;
type Quantity<Name extends string> = number & { readonly [unit]: Name };

/** A span of time in milliseconds; fractions are meant (a skew at 10 ms adverts is some microseconds). */
export type Milliseconds = Quantity<"milliseconds">;
/** The unit of the VRRPv3 interval field (RFC 9568 5.2.7), 1 to 4095; only the wire speaks it. */
export type Centiseconds = Quantity<"centiseconds">;
/** Whole seconds: the VRRPv2 interval field (RFC 3768 5.3.7) and kernel address lifetimes. */
export type Seconds = Quantity<"seconds">;
/** A point of CLOCK_BOOTTIME in milliseconds: it goes on through suspend and never steps. */
export type Instant = Quantity<"instant">;
/** A VRRP priority, 0 to 255: 0 gives up mastership, 255 owns the address (RFC 9568 5.2.4). */
export type Priority = Quantity<"priority">;

export const ms = (value: number): Milliseconds => value as Milliseconds;
export const centiseconds = (value: number): Centiseconds => value as Centiseconds;
export const seconds = (value: number): Seconds => value as Seconds;
export const instant = (value: number): Instant => value as Instant;
export const priority = (value: number): Priority => value as Priority;

export const fromCentiseconds = (value: Centiseconds): Milliseconds => ms(value * 10);
export const fromSeconds = (value: Seconds): Milliseconds => ms(value * 1000);

/** A deadline that never comes. */
export const NEVER: Instant = instant(Number.POSITIVE_INFINITY);

/** The instant `span` after `start`. */
export const after = (start: Instant, span: Milliseconds): Instant => instant(start + span);
/** The span from `start` to `end`, negative when `end` is earlier. */
export const elapsed = (start: Instant, end: Instant): Milliseconds => ms(end - start);
/** The earlier of two instants. */
export const earlier = (a: Instant, b: Instant): Instant => (a < b ? a : b);
/** The later of two instants. */
export const later = (a: Instant, b: Instant): Instant => (a < b ? b : a);
