/**
 * A tree (or several) as lines of text: what fits into the width, and only so
 * many as fit into the height. Pure: the time is given.
 *
 * Where there is no room, the first to go is what is over or has not begun,
 * the last is what runs, waits for people or has failed.
 */
import { formatDuration } from '@longshore/base';
import cliTruncate from 'cli-truncate';
import pc from 'picocolors';

import type { NodeState, TreeNode } from './run-tree.ts';

export interface Room {
  width: number;
  /** Infinity: all of it. */
  height: number;
  now: number;
  colour: boolean;
  /** For the spinner: which picture of it. */
  frame?: number;
  /** What is over is shown with all that it was made of. */
  unfold?: boolean;
}

type Look = 'plain' | 'good' | 'bad' | 'busy' | 'asks' | 'faint';

interface Line {
  indent: number;
  mark: string;
  label: string;
  rest: string;
  look: Look;
}

/** How much is left out, from nothing to most. */
interface Shortening {
  tail: number;
  /** Alike targets and actions of a step are counted, not listed. */
  alike: boolean;
  /** Steps that are over, or have not begun, are counted. */
  steps: boolean;
}

const SHORTENINGS: readonly Shortening[] = [
  { tail: 3, alike: false, steps: false },
  { tail: 1, alike: false, steps: false },
  { tail: 1, alike: true, steps: false },
  { tail: 1, alike: true, steps: true },
  { tail: 0, alike: true, steps: true },
];

export function treeLines(trees: readonly TreeNode[], room: Room): string[] {
  let lines: Line[] = [];
  for (const shortening of SHORTENINGS) {
    lines = trees.flatMap((tree) => nodeLines(tree, { room, shortening, depth: 0 }));
    if (lines.length <= room.height) break;
  }
  const shown = lines.length <= room.height ? lines : lines.slice(0, Math.max(0, room.height - 1));
  const text = shown.map((line) => drawn(line, room));
  if (shown.length < lines.length && room.height > 0)
    text.push(drawn(counted(0, '…', `${lines.length - shown.length} more lines`), room));
  return text;
}

interface Drawing {
  room: Room;
  shortening: Shortening;
  depth: number;
}

function nodeLines(node: TreeNode, drawing: Drawing): Line[] {
  const { room, shortening, depth } = drawing;
  const lines: Line[] = [headLine(node, drawing)];
  if (room.unfold !== true && depth > 0 && isFolded(node)) return lines;
  for (const text of shortening.tail === 0 ? [] : node.tail.slice(-shortening.tail))
    lines.push({ indent: depth + 1, mark: '│', label: '', rest: text, look: 'faint' });
  const children = { ...drawing, depth: depth + 1 };
  const counts = depth === 0 ? shortening.steps : shortening.alike;
  lines.push(
    ...(counts
      ? fewerLines(node.children, children)
      : node.children.flatMap((child) => nodeLines(child, children))),
  );
  return lines;
}

/** What went well, and what was not to run, says no more than that. */
function isFolded({ state }: TreeNode): boolean {
  return state === 'success' || state === 'skipped' || state === 'pending';
}

const COUNTED: Partial<Record<NodeState, string>> = {
  success: 'done',
  skipped: 'skipped',
  pending: 'to come',
  queued: 'queued',
};

/** Neighbours in the same dull state become one line. */
function fewerLines(nodes: readonly TreeNode[], drawing: Drawing): Line[] {
  const lines: Line[] = [];
  for (let from = 0; from < nodes.length;) {
    const first = nodes[from] as TreeNode;
    let to = from + 1;
    while (nodes[to]?.state === first.state) to += 1;
    const word = COUNTED[first.state];
    if (word !== undefined && to - from > 1)
      lines.push(counted(drawing.depth, MARKS[first.state].mark, `${to - from} ${word}`));
    else lines.push(...nodes.slice(from, to).flatMap((node) => nodeLines(node, drawing)));
    from = to;
  }
  return lines;
}

function counted(indent: number, mark: string, rest: string): Line {
  return { indent, mark, label: '', rest, look: 'faint' };
}

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** What people read for each state, and what stands before it. */
export const MARKS: Record<NodeState, { mark: string; word: string; look: Look }> = {
  pending: { mark: '·', word: '', look: 'faint' },
  queued: { mark: '○', word: 'queued', look: 'faint' },
  running: { mark: '▸', word: 'running', look: 'busy' },
  waiting: { mark: '?', word: 'waits', look: 'asks' },
  retrying: { mark: '↻', word: 'failed', look: 'asks' },
  deciding: { mark: '?', word: 'failed', look: 'asks' },
  success: { mark: '✓', word: 'done', look: 'good' },
  failed: { mark: '✗', word: 'failed', look: 'bad' },
  timedOut: { mark: '✗', word: 'timed out', look: 'bad' },
  ignored: { mark: '!', word: 'failed, ignored', look: 'asks' },
  excluded: { mark: '-', word: 'left out', look: 'asks' },
  skipped: { mark: '-', word: 'skipped', look: 'faint' },
  cancelled: { mark: '✗', word: 'cancelled', look: 'bad' },
};

function headLine(node: TreeNode, { room, depth }: Drawing): Line {
  const { word, look, mark } = MARKS[node.state];
  const spinner = room.frame === undefined ? undefined : SPINNER[room.frame % SPINNER.length];
  return {
    indent: depth,
    mark: node.state === 'running' ? (spinner ?? mark) : mark,
    label: node.label,
    rest: [word, ...facts(node, room.now)].filter((text) => text !== '').join(', '),
    look,
  };
}

/** How long, which try, how far, and why. */
function facts(node: TreeNode, now: number): string[] {
  const { startedAt, endedAt, tries, nextTryAt, progress } = node;
  const facts: string[] = [];
  if (startedAt !== null && node.state !== 'skipped') facts.push(took(startedAt, endedAt, now));
  if (tries > 1 || node.state === 'retrying') facts.push(`try ${tries}`);
  if (nextTryAt !== null)
    facts.push(`tries again in ${formatDuration(Math.max(1, Math.ceil((nextTryAt - now) / 1000)) * 1000)}`);
  if (progress !== undefined) facts.push(`${progress.percentage}% ${progress.message}`.trim());
  facts.push(node.detail);
  return facts;
}

/** What is under way is told in whole seconds, that it does not flicker. */
export function took(startedAt: number, endedAt: number | null, now: number): string {
  if (endedAt !== null) return formatDuration(Math.max(0, endedAt - startedAt));
  const seconds = Math.max(0, Math.floor((now - startedAt) / 1000));
  return seconds === 0 ? '0s' : formatDuration(seconds * 1000);
}

function drawn({ indent, mark, label, rest, look }: Line, { width, colour }: Room): string {
  const c = pc.createColors(colour);
  const paint: Record<Look, (text: string) => string> = {
    plain: (text) => text,
    good: c.green,
    bad: c.red,
    busy: c.cyan,
    asks: c.yellow,
    faint: c.dim,
  };
  const head = `${'  '.repeat(indent)}${paint[look](mark)}`;
  const name = label === '' ? '' : ` ${label}`;
  const after = rest === '' ? '' : ` ${look === 'bad' || look === 'asks' ? paint[look](rest) : c.dim(rest)}`;
  const line = `${head}${name}${label === '' ? '' : after === '' ? '' : ' '}${after}`;
  return Number.isFinite(width) ? cliTruncate(line, Math.max(1, width)) : line;
}
