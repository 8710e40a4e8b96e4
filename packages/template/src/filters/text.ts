/** Filters that cut, join and ask about texts. Lengths are in UTF-16 code units; a cut never parts a surrogate pair. */
import { trim as trimBoth, trimEnd, trimStart } from '../white.ts';
import { count, type Filter, ofText } from './filter.ts';

/** The place, or the one before it where a pair would be parted. */
function boundary(text: string, at: number): number {
  const isLow = (text.charCodeAt(at) & 0xfc00) === 0xdc00;
  return isLow && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800 ? at - 1 : at;
}

function cut(text: string, from: number, to: number): string {
  return text.slice(boundary(text, from), boundary(text, to));
}

/** `Substring length`, `Substring start length`; nothing where the text is too short. */
export const substring: Filter = ofText((text, args) => {
  const numbers = args.map(count);
  const [first, second] = numbers;
  if (first === undefined || numbers.length > 2 || numbers.includes(undefined)) return undefined;
  const [from, to] = second === undefined ? [0, first] : [first, first + second];
  return to > text.length ? undefined : cut(text, from, to);
});

export const truncate: Filter = ofText((text, args) => {
  const length = count(args[0]);
  if (length === undefined) return undefined;
  return length < text.length ? `${cut(text, 0, length)}...` : text;
});

export const trim: Filter = ofText((text, [side]) => {
  switch (side?.toLowerCase()) {
    case undefined:
      return trimBoth(text);
    case 'start':
      return trimStart(text);
    case 'end':
      return trimEnd(text);
    default:
      return undefined;
  }
});

/** What gave nothing counts as empty here: `#{Suffix | Prepend "-"}`. */
export const append: Filter = (text = '', args) => (args.length === 0 ? undefined : text + args.join(''));
export const prepend: Filter = (text = '', args) => (args.length === 0 ? undefined : args.join('') + text);

const asks = (question: (text: string, what: string) => boolean): Filter =>
  ofText((text, args) => {
    const [what] = args;
    return what === undefined || args.length > 1 ? undefined : String(question(text, what));
  });

export const startsWith = asks((text, what) => text.startsWith(what));
export const endsWith = asks((text, what) => text.endsWith(what));
export const contains = asks((text, what) => text.includes(what));

const SIZES = /^(?:(\d{1,3})?(\/))?(\d{1,3})$/;
const WIDEST = 255;

/** `Indent`, `Indent 2`, `Indent 2/4` (first line, others), `Indent /4`, `Indent "> "`, `Indent "- " "  "`. */
export const indent: Filter = ofText((text, args, { makes }) => {
  if (args.length > 2) return undefined;
  if (text === '') return '';
  const [first, others] = indents(args);
  makes(text.length + text.split('\n').length * others.length);
  return first + text.replaceAll('\n', () => `\n${others}`);
});

function indents([first, second]: readonly string[]): [string, string] {
  if (first === undefined) return ['    ', '    '];
  if (second !== undefined) return [first, second];
  const [, before = '', slash, after = ''] = SIZES.exec(first) ?? [];
  if (after === '' || Number(before) > WIDEST || Number(after) > WIDEST) return [first, first];
  const others = ' '.repeat(Number(after));
  return [slash === undefined ? others : ' '.repeat(Number(before)), others];
}
