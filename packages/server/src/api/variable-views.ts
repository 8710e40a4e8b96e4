/** Variables and their explanations to JSON, field by field. */
import type { SeenValue } from '../app/variables/variable-values.ts';
import type { ListedVariable, VariableExplanation, WrittenValue } from '../app/variables/variables.ts';
import type { ListedVariableView, VariableExplanationView } from './schemas/variables.ts';

export function explanationView(explanation: VariableExplanation): VariableExplanationView {
  const { name, value, values, ambiguous, warnings } = explanation;
  return {
    ...{ name, ambiguous, warnings },
    value: value === null ? null : seenView(value),
    values: values.map(({ asked, verdict, matches, because, ...written }) => ({
      ...writtenView(written),
      ...{ asked, verdict: verdict.kind, matches, because },
      misses: verdict.kind === 'doesNotMatch' ? verdict.scopes : [],
      rule: verdict.kind === 'lessSpecific' ? verdict.rule : verdict.kind === 'tied' ? 'order' : '',
    })),
  };
}

export function listedView({ seen, ambiguous, ...written }: ListedVariable): ListedVariableView {
  return { ...writtenView(written), seen: seenView(seen), ambiguous };
}

function writtenView({ name, value, type, source, scope }: WrittenValue): WrittenValue {
  const { kind, id, name: of, place } = source;
  return { name, value, type, source: { kind, id, name: of, place }, scope };
}

function seenView({ text, sensitive, missing, problems }: SeenValue): SeenValue {
  return { text, sensitive, missing, problems };
}
