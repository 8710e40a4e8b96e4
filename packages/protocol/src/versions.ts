/** Protocol numbers and capabilities: what both ends can do, agreed in Hello and Welcome. */

/** The oldest and newest protocol that this program speaks. */
export const MIN_PROTOCOL = 1;
export const MAX_PROTOCOL = 1;

/** Things that one end may lack; told by name, so that neither end guesses from a version. */
export const CAPABILITIES: readonly string[] = [
  'data-connection',
  'artifacts',
  'terminal',
  'certificate-renewal',
  'upgrade',
  'output-again',
];

/** The highest protocol that both speak; `null` when there is none. */
export function agreeOnProtocol(
  theirs: { min: number; max: number },
  ours = { min: MIN_PROTOCOL, max: MAX_PROTOCOL },
): number | null {
  const highest = Math.min(theirs.max, ours.max);
  return highest >= theirs.min && highest >= ours.min ? highest : null;
}

export function commonCapabilities(theirs: readonly string[]): string[] {
  return CAPABILITIES.filter((name) => theirs.includes(name));
}
