/**
 * What becomes of a workspace that is found without an outcome: pure, so that
 * every combination can be tested. Nothing is called interrupted while its
 * process may live.
 */
export interface Found {
  /** The host that it was handed to, and the boot in which. */
  handedTo: string;
  bootId: string;
  /** Whether a host has written something of it: asked only where it counts, for it costs a look at the disk. */
  begun: () => boolean;
}

export interface HostView {
  bootId: string;
  /** Hosts that answered, and whether each knows the attempt. */
  connected: ReadonlyMap<string, ReadonlySet<string>>;
  /** Hosts that are dead, with nothing of theirs left; false: as far as could be seen. */
  gone: ReadonlyMap<string, boolean>;
  /** Hosts of which there may be anything: they run, or have died and were not yet cleared. */
  known: (hostId: string) => boolean;
  /** Hosts of the original of which this data directory is a copy. */
  foreign: ReadonlySet<string>;
}

export type Judgement =
  /** Its host runs it, or has yet to be heard. */
  | { kind: 'live' }
  /** Its host lives and never had it: the link died between laying it and handing it over. Nothing of it has run. */
  | { kind: 'neverTaken' }
  /** `proven` false: something of it could have hidden from the sweep that ended it. */
  | { kind: 'interrupted'; detail: string; proven: boolean };

export function judge(attemptId: string, found: Found, view: HostView): Judgement {
  if (view.foreign.has(found.handedTo))
    return {
      kind: 'interrupted',
      detail: 'this data directory is a copy: its script was left with the original, and may run there',
      proven: false,
    };
  if (found.bootId !== view.bootId)
    return {
      kind: 'interrupted',
      detail: 'the machine was started anew while it was under way',
      proven: true,
    };
  const proven = view.gone.get(found.handedTo);
  // A host's record goes only when nothing of it is left: also one that we never saw, in an earlier life of the link.
  if (proven !== undefined || !view.known(found.handedTo))
    return {
      kind: 'interrupted',
      detail: 'its script host ended while it was under way',
      proven: proven ?? false,
    };
  const knows = view.connected.get(found.handedTo);
  if (knows === undefined || knows.has(attemptId)) return { kind: 'live' };
  // What a host was told it lists until it is told to forget it, which follows the outcome.
  return found.begun()
    ? { kind: 'interrupted', detail: 'its script host lives and does not know it any more', proven: false }
    : { kind: 'neverTaken' };
}
