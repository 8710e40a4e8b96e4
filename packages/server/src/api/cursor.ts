/**
 * Where a follower of a task stands: the last log entry, and for each attempt
 * the spool offset and the last event. Followers treat it as opaque.
 *
 *   1.<log n>[.<told>.<through>]~<attempt>.<offset>.<event n>~…
 *
 * A deployment has hundreds of attempts, and the cursor goes out with each
 * event and comes back in a header: those that are told to their end are not
 * named, only counted, up to the highest id among them.
 */
import { invalid, isId } from '@longshore/base';

export interface AttemptPlace {
  /** Spool offset of the next record. */
  offset: number;
  /** Number of the last event seen. */
  event: number;
}

export interface TaskPlace {
  /** Number of the last log entry seen. */
  log: number;
  attempts: Map<string, AttemptPlace>;
  /** Attempts told to their end, and not named above: so many, of which this is the highest id. */
  told: { count: number; through: string };
}

export function beginning(): TaskPlace {
  return { log: 0, attempts: new Map(), told: { count: 0, through: '' } };
}

/** The attempt is over, and all of it was told. */
export function tellOver(place: TaskPlace, id: string): void {
  if (!place.attempts.delete(id)) return;
  const { count, through } = place.told;
  place.told = { count: count + 1, through: id > through ? id : through };
}

/**
 * Which attempts the place counts as told to their end. Ids rise with the
 * clock of the node that makes them: should another node have made one below
 * the highest since then, the count does not fit, and all of them are told
 * anew rather than one of them never.
 */
export function toldOver(
  place: TaskPlace,
  attempts: readonly { id: string; complete: boolean }[],
): ReadonlySet<string> {
  const { count, through } = place.told;
  const over = attempts.filter(({ id }) => id <= through && !place.attempts.has(id));
  if (over.length === count && over.every(({ complete }) => complete))
    return new Set(over.map(({ id }) => id));
  place.told = { count: 0, through: '' };
  return new Set();
}

export function encodeCursor(place: TaskPlace): string {
  const { count: told, through } = place.told;
  let text = `1.${place.log}${told === 0 ? '' : `.${told}.${through}`}`;
  for (const [id, { offset, event }] of place.attempts) {
    if (offset > 0 || event > 0 || id <= through) text += `~${id}.${offset}.${event}`;
  }
  return text;
}

/** @throws AppError `invalid` */
export function parseCursor(text: string): TaskPlace {
  const [head = '', ...rest] = text.split('~');
  const [version, log, told, through = '', ...more] = head.split('.');
  if (version !== '1' || more.length > 0) throw wrong(text);
  const place: TaskPlace = { ...beginning(), log: count(log, text) };
  if (told !== undefined) {
    if (!isId(through)) throw wrong(text);
    place.told = { count: count(told, text), through };
  }
  for (const part of rest) {
    const [id = '', offset, event, ...extra] = part.split('.');
    if (!isId(id) || extra.length > 0) throw wrong(text);
    place.attempts.set(id, { offset: count(offset, text), event: count(event, text) });
  }
  return place;
}

function count(digits: string | undefined, text: string): number {
  if (digits === undefined || !/^\d{1,15}$/.test(digits)) throw wrong(text);
  return Number(digits);
}

function wrong(text: string): Error {
  return invalid('cursor', text.slice(0, 100), 'the id of an event of this stream');
}
