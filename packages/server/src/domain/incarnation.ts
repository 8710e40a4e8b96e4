/** What an agent is between losses of its memory. */
export interface Incarnation {
  storeId: string;
  bootId: string;
  hostId: string;
}

export function sameIncarnation(a: Incarnation, b: Incarnation): boolean {
  return a.storeId === b.storeId && a.bootId === b.bootId && a.hostId === b.hostId;
}
