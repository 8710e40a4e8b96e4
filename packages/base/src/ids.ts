import { monotonicFactory } from 'ulid';

/** Makes ids: ULIDs, which sort by the time they were made, also within one millisecond. */
export type Ids = () => string;

export function createIds(): Ids {
  return monotonicFactory();
}

/** What an id from the wire must look like before it touches a path or a query. */
const ID = /^[A-Za-z0-9_-]{1,64}$/;

export function isId(value: string): boolean {
  return ID.test(value);
}
