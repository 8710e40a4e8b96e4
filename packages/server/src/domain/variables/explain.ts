/**
 * Why a variable is what it is in a place: all values that are written down
 * for it, who wins, and what keeps each other one from winning.
 *
 * Always true: the winner here is the one that resolve.ts finds, and a
 * sensitive value is never told.
 */
import { candidatesOfTenant, type Candidate, type ResolvedVariable } from './candidate.ts';
import { compareRanked, decidedBy, kindsOf, rankOf, type Rule } from './precedence.ts';
import { withPrompted, type RunValues, type SnapshotIndex } from './resolve.ts';
import {
  fold,
  matchScope,
  mismatches,
  NO_MATCH,
  type MatchKind,
  type ScopeKind,
  type VariableContext,
} from './scope.ts';

export const MASK = '********';

export type Verdict =
  | { kind: 'wins' }
  /** As specific as the winner, but written earlier. */
  | { kind: 'tied' }
  /** `rule`: by which the winner stands before it. */
  | { kind: 'lessSpecific'; rule: Rule }
  /** `scopes`: the kinds of its scope that the place does not have. */
  | { kind: 'doesNotMatch'; scopes: ScopeKind[] };

export interface ExplainedValue {
  /** Masked when it is sensitive. */
  variable: ResolvedVariable;
  verdict: Verdict;
  /** It is asked for when a run starts; this is what is offered then. */
  asked: boolean;
  /** By which kinds of its scope it matches, the most specific first. */
  matches: MatchKind[];
  /** The verdict in words. */
  because: string;
}

export interface Explanation {
  name: string;
  /** The winner first, then by precedence, at the end those that do not match. */
  values: ExplainedValue[];
  ambiguous: boolean;
}

/** Undefined: no value has that name. */
export function explainVariable(
  index: SnapshotIndex,
  name: string,
  context: VariableContext,
  values: RunValues = {},
): Explanation | undefined {
  const tenants = values.tenant === undefined ? [] : candidatesOfTenant(index.snapshot, values.tenant);
  const named = [...index.candidates, ...tenants]
    .filter((each) => each.folded === fold(name))
    .map((each) => withPrompted(each, values.prompted));
  if (named.length === 0) return undefined;
  const matching: Match[] = [];
  const others: ExplainedValue[] = [];
  for (const candidate of named) {
    const match = matchScope(candidate.resolved.scope, context);
    if (match === NO_MATCH) others.push(notMatching(candidate, context));
    else matching.push({ candidate, rank: rankOf(match, candidate.layer), order: candidate.order });
  }
  matching.sort(compareRanked);
  const winner = matching[0];
  const explained = matching.map((each) => judged(each, winner ?? each));
  const ambiguous = explained.some(
    ({ verdict }, i) => verdict.kind === 'tied' && differ(matching[i], winner),
  );
  return { name: winner?.candidate.resolved.name ?? name, values: [...explained, ...others], ambiguous };
}

interface Match {
  candidate: Candidate;
  rank: number;
  order: number;
}

function differ(a: Match | undefined, b: Match | undefined): boolean {
  const [one, other] = [a?.candidate.resolved, b?.candidate.resolved];
  return one?.value !== other?.value || one?.type !== other?.type;
}

function notMatching(candidate: Candidate, context: VariableContext): ExplainedValue {
  const { resolved } = candidate;
  const scopes = mismatches(resolved.scope, context);
  return {
    ...{ variable: masked(resolved), asked: isAsked(candidate), matches: [] },
    verdict: { kind: 'doesNotMatch', scopes },
    because: `does not match: ${scopes.map((kind) => SCOPE_WORDS[kind]).join(', ')}`,
  };
}

function judged(each: Match, winner: Match): ExplainedValue {
  const verdict = verdictOn(each, winner);
  return {
    ...{ variable: masked(each.candidate.resolved), asked: isAsked(each.candidate) },
    ...{ matches: kindsOf(each.rank), verdict },
    because:
      verdict.kind === 'wins'
        ? 'wins'
        : verdict.kind === 'tied'
          ? RULE_WORDS.order
          : `less specific: ${RULE_WORDS[verdict.rule]}`,
  };
}

function verdictOn(each: Match, winner: Match): Extract<Verdict, { kind: 'wins' | 'tied' | 'lessSpecific' }> {
  if (each === winner) return { kind: 'wins' };
  const rule = decidedBy(winner.rank, each.rank);
  return rule === 'order' ? { kind: 'tied' } : { kind: 'lessSpecific', rule };
}

function isAsked({ variable }: Candidate): boolean {
  return variable?.prompt != null;
}

function masked(variable: ResolvedVariable): ResolvedVariable {
  return variable.sensitive ? { ...variable, value: MASK } : variable;
}

const SCOPE_WORDS: Record<ScopeKind, string> = {
  step: 'step',
  target: 'target',
  role: 'role',
  tenant: 'tenant',
  tenantTag: 'tenant tag',
  environment: 'environment',
  channel: 'channel',
  process: 'process',
};

const RULE_WORDS: Record<Rule, string> = {
  step: 'the winner is scoped by the step',
  target: 'the winner is scoped by the target',
  targetedRole: 'the winner is scoped by a role that the step is for',
  role: 'the winner is scoped by a role of the target',
  tenant: 'the winner is scoped by the tenant',
  tenantTag: 'the winner is scoped by a tag of the tenant',
  environment: 'the winner is scoped by the environment',
  channel: 'the winner is scoped by the channel',
  process: 'the winner is scoped by the process',
  project: 'the winner is the project’s, this one a library set’s',
  origin: 'of equal scopes a tenant’s value wins over a variable, and a variable over a default',
  order: 'as specific as the winner, which is written later',
};
