/**
 * Which of several values that hold in a place wins. Rules, the first that
 * tells them apart decides:
 *
 *   1. kind by kind, from the most specific: the one whose scope has that kind
 *      (step, target, role that the step is for, other role of the target,
 *      tenant, tenant tag, environment, channel, process). So a scope of more
 *      kinds beats one of fewer, and any step beats all that has none.
 *   2. what belongs to the project, before what is of a library set
 *   3. what the tenant filled in, before a variable, before a template's default
 *   4. what is written last, as in CSS; then the choice is called ambiguous,
 *      unless the values are the same
 *
 * Always true: naming several of one kind is no more specific than one of it.
 */
import { MATCH_BIT, MATCH_KINDS, type MatchKind } from './scope.ts';

/** Where a value was written down. */
export interface Layer {
  belongsTo: 'project' | 'library';
  origin: 'tenant' | 'variable' | 'default';
}

const ORIGIN_ORDER = { tenant: 2, variable: 1, default: 0 } as const;
/** Room for what a layer counts for, below a match. */
const LAYER_BITS = 3;
const PROJECT_BIT = 1 << 2;
const ORIGIN_MASK = PROJECT_BIT - 1;

/** Of two values the one of the greater rank wins. */
export function rankOf(match: number, layer: Layer): number {
  return (match << LAYER_BITS) | rankOfLayer(layer);
}

export function rankOfLayer({ belongsTo, origin }: Layer): number {
  return (belongsTo === 'project' ? PROJECT_BIT : 0) | ORIGIN_ORDER[origin];
}

/** A match's part of a rank. */
export function rankOfMatch(match: number): number {
  return match << LAYER_BITS;
}

/** What decided between two values: a kind of scope that only the winner has, or a later rule. */
export type Rule = MatchKind | 'project' | 'origin' | 'order';

/** The rule by which a value of rank `winner` stands before one of rank `other`. */
export function decidedBy(winner: number, other: number): Rule {
  const differing = (winner ^ other) >> LAYER_BITS;
  const kind = MATCH_KINDS.find((each) => (differing & MATCH_BIT[each]) !== 0);
  if (kind !== undefined) return kind;
  if (((winner ^ other) & PROJECT_BIT) !== 0) return 'project';
  return ((winner ^ other) & ORIGIN_MASK) === 0 ? 'order' : 'origin';
}

/** The kinds that a rank's match has, the most specific first. */
export function kindsOf(rank: number): MatchKind[] {
  return MATCH_KINDS.filter((kind) => ((rank >> LAYER_BITS) & MATCH_BIT[kind]) !== 0);
}

/** A value that holds, to be compared. */
export interface Ranked {
  rank: number;
  /** Higher: written later. */
  order: number;
}

/** Less than 0: `a` stands before `b`. Never 0 for two values of different order. */
export function compareRanked(a: Ranked, b: Ranked): number {
  return b.rank - a.rank || b.order - a.order;
}
