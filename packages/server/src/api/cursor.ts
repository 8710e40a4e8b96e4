/**
 * Where a follower of a task stands: the last log entry, and for each attempt
 * the spool offset and the last event. Followers treat it as opaque.
 *
 *   1.<log n>~<attempt>.<offset>.<event n>~…
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
}

export function beginning(): TaskPlace {
  return { log: 0, attempts: new Map() };
}

export function encodeCursor(place: TaskPlace): string {
  let text = `1.${place.log}`;
  for (const [id, { offset, event }] of place.attempts) {
    if (offset > 0 || event > 0) text += `~${id}.${offset}.${event}`;
  }
  return text;
}

/** @throws AppError `invalid` */
export function parseCursor(text: string): TaskPlace {
  const [head = '', ...rest] = text.split('~');
  const [version, log, ...more] = head.split('.');
  if (version !== '1' || more.length > 0) throw wrong(text);
  const place: TaskPlace = { log: count(log, text), attempts: new Map() };
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
