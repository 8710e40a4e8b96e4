/**
 * What becomes of a workspace that is found without an outcome: pure, so that
 * every combination can be tested. Nothing is called interrupted while its
 * process may live.
 */
export interface Found {
  /** The host that it was handed to, and the boot in which. */
  handedTo: string;
  bootId: string;
}

export interface HostView {
  bootId: string;
  /** Hosts that answered, and whether each knows the attempt. */
  connected: ReadonlyMap<string, ReadonlySet<string>>;
  /** Hosts proven dead, with nothing of theirs left. */
  gone: ReadonlySet<string>;
}

export type Judgement =
  /** Its host runs it, or has yet to be heard. */
  { kind: 'live' } | { kind: 'interrupted'; detail: string };

export function judge(attemptId: string, found: Found, view: HostView): Judgement {
  if (found.bootId !== view.bootId)
    return { kind: 'interrupted', detail: 'the machine was started anew while it was under way' };
  if (view.gone.has(found.handedTo))
    return { kind: 'interrupted', detail: 'its script host ended while it was under way' };
  const knows = view.connected.get(found.handedTo);
  if (knows !== undefined && !knows.has(attemptId)) {
    return { kind: 'interrupted', detail: 'the agent ended before its script host had taken it' };
  }
  return { kind: 'live' };
}
