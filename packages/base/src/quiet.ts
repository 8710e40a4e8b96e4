/**
 * Gives memory back when the process is quiet. What a start or a busy time
 * leaves behind (garbage that V8 is in no hurry about, half-empty pages of
 * its heap) stays for as long as nothing happens: V8 collects when it
 * allocates. Quiet is what the processor says: less than a share of it used.
 *
 *   busy ──quiet for so long──▶ rested ──a busy beat──▶ busy
 *
 * Always true: one rest for each busy time; a few scripts now and then are no
 * busy time, so that they don't pay for warming up again and again.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import type { Cancel, Clock } from './clock.ts';

export interface QuietOptions {
  clock: Clock;
  /** Looks at this beat. */
  beatMs: number;
  /** Of one processor, in a beat: no more than this is quiet. */
  quietShare: number;
  /** Rests after so long without a busy beat: the first time, for the start is known to be over, and later. */
  firstAfterMs: number;
  afterMs: number;
  rest: () => void;
  /** For tests: milliseconds of processor time so far, else this process's own. */
  processorMs?: () => number;
}

export function restWhenQuiet(options: QuietOptions): Cancel {
  const { clock, beatMs, quietShare, rest, processorMs = ownProcessorMs } = options;
  let usedBefore = processorMs();
  let lookedAt = clock.monotonic();
  let quietMs = 0;
  let needMs: number = options.firstAfterMs;
  let state: 'busy' | 'rested' = 'busy';
  return clock.every(beatMs, () => {
    const [used, now] = [processorMs(), clock.monotonic()];
    const quiet = used - usedBefore <= (now - lookedAt) * quietShare;
    quietMs = quiet ? quietMs + now - lookedAt : 0;
    [usedBefore, lookedAt] = [used, now];
    if (!quiet) state = 'busy';
    if (state === 'rested' || quietMs < needMs) return;
    state = 'rested';
    needMs = options.afterMs;
    rest();
    // What resting cost is nobody's busy time.
    [usedBefore, lookedAt] = [processorMs(), clock.monotonic()];
  });
}

function ownProcessorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

interface Collect {
  (options: { type: 'major' | 'minor'; execution: 'sync'; flavor?: 'last-resort' }): void;
}
let collect: Collect | undefined;

/** Collects all garbage and closes the gaps that it leaves, at once: some tens of milliseconds. */
export function collectGarbage(): void {
  collector()({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

function collector(): Collect {
  if (collect === undefined) {
    // V8 shows its function to contexts made while the flag is set; ours keeps none.
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as Collect;
    setFlagsFromString('--no-expose-gc');
  }
  return collect;
}

/**
 * For bytes that stream through. They lie outside V8's heap, where it lets some 64 MB of dead ones gather before it
 * looks. Call the result with each buffer's length: what is young is collected every `everyBytes`, in about a
 * millisecond.
 */
export function collectBehind(everyBytes: number): (bytes: number) => void {
  let passed = 0;
  return (bytes) => {
    passed += bytes;
    if (passed < everyBytes) return;
    passed = 0;
    collector()({ type: 'minor', execution: 'sync' });
  };
}
