/** The pairing string of a listening agent: a secret until it was used, so it may come by standard input. */
import { invalid } from '@longshore/base';

export async function pairingFrom(option: string): Promise<string> {
  if (option !== '-') return option;
  let text = '';
  for await (const part of process.stdin) text += String(part);
  if (text.trim() === '') throw invalid('--listening', '', 'the pairing string on standard input');
  return text.trim();
}
