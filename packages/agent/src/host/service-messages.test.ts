import { describe, expect, test } from '@jest/globals';
import { Level, Stream } from '@longshore/protocol/gen/longshore/link/v1/attempt';
import fc from 'fast-check';
import { LONGEST_SERVICE_MESSAGE_BYTES } from '../limits.ts';
import { createServiceMessages, type EventKind } from './service-messages.ts';

interface Seen {
  /** The text, with `<kind>` where an event stood. */
  shown: string;
  events: EventKind[];
  masks: string[];
}

function read(pieces: (string | Buffer)[], stream: 'stdout' | 'stderr' = 'stdout'): Seen {
  const seen: Seen = { shown: '', events: [], masks: [] };
  const sink = sinkInto(seen);
  const messages = createServiceMessages(stream);
  for (const piece of pieces) messages.push(Buffer.from(piece), sink);
  messages.end(sink);
  return seen;
}

function sinkInto(seen: Seen): Parameters<ReturnType<typeof createServiceMessages>['push']>[1] {
  return {
    text: (bytes) => (seen.shown += bytes.toString('latin1')),
    mask: (value) => void seen.masks.push(value),
    event: (event) => {
      seen.events.push(event);
      seen.shown += `<${event.$case}>`;
    },
  };
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

function message(name: string, attributes: Record<string, string> = {}, brand = 'octopus'): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}='${base64(value)}'`);
  return `##${brand}[${name}${written.join('')}]`;
}

const NO_TEXT = { name: 'A b', value: 'two\nlines ü' };

describe('what a message means', () => {
  test.each(['octopus', 'longshore'])('##%s is understood', (brand) => {
    const seen = read([`${message('setVariable', NO_TEXT, brand)}\n`]);
    expect(seen.events).toEqual([{ $case: 'setVariable', value: { ...NO_TEXT, sensitive: false } }]);
    expect(seen.shown).toBe('<setVariable>');
  });

  test('a sensitive value is masked before its event is told', () => {
    const order: string[] = [];
    createServiceMessages('stdout').push(
      Buffer.from(message('setVariable', { ...NO_TEXT, sensitive: 'True' })),
      {
        text: () => order.push('text'),
        mask: (value) => order.push(value),
        event: (event) => order.push(event.$case),
      },
    );
    expect(order).toEqual([NO_TEXT.value, 'setVariable']);
  });

  test.each<[string, Record<string, string>, EventKind]>([
    [
      'createArtifact',
      { path: '/a/b.txt', name: 'c', length: '3' },
      { $case: 'newArtifact', value: { index: 0, name: 'c', path: '/a/b.txt' } },
    ],
    [
      'newArtifact',
      { path: '/a/b.txt' },
      { $case: 'newArtifact', value: { index: 0, name: 'b.txt', path: '/a/b.txt' } },
    ],
    [
      'progress',
      { percentage: '42', message: 'half' },
      { $case: 'progress', value: { percentage: 42, message: 'half' } },
    ],
    ['progress', { percentage: '420' }, { $case: 'progress', value: { percentage: 100, message: '' } }],
    ['resultMessage', { message: 'why' }, { $case: 'resultMessage', value: { text: 'why' } }],
    ['stdout-verbose', {}, { $case: 'levelChanged', value: { stream: Stream.STDOUT, level: Level.VERBOSE } }],
    ['stdout-default', {}, { $case: 'levelChanged', value: { stream: Stream.STDOUT, level: Level.INFO } }],
    [
      'stderr-progress',
      {},
      { $case: 'levelChanged', value: { stream: Stream.STDERR, level: Level.VERBOSE } },
    ],
    ['stderr-default', {}, { $case: 'levelChanged', value: { stream: Stream.STDERR, level: Level.ERROR } }],
  ])('%s %j', (name, attributes, event) => {
    expect(read([message(name, attributes)]).events).toEqual([event]);
  });

  test('mask is told and is no event', () => {
    expect(read([message('mask', { value: 'hush' })])).toEqual({ shown: '', events: [], masks: ['hush'] });
  });

  test('an unknown message goes, and is warned of once', () => {
    const seen = read([`${message('create-target', { name: 'x' })}\n`.repeat(3), 'rest']);
    expect(seen.shown).toBe('<note>rest');
    expect(seen.events[0]).toMatchObject({
      value: { level: Level.WARNING, text: expect.stringContaining('create-target') },
    });
  });

  test('double quotes, url alphabet, missing padding and wrapped base64 are read', () => {
    const seen = read([
      `##octopus[setVariable  name="${base64('n')}" value='Pz8-\r\nPz8_' sensitive='${base64('no').replace('=', '')}']`,
    ]);
    expect(seen.events).toEqual([
      { $case: 'setVariable', value: { name: 'n', value: '??>???', sensitive: false } },
    ]);
  });
});

describe('what stays in the log', () => {
  const one = message('stdout-wait');
  test.each([
    ['alone on its line', `a\n${one}\nb\n`, 'a\n<levelChanged>b\n'],
    ['alone, with CRLF', `a\r\n${one}\r\nb\r\n`, 'a\r\n<levelChanged>b\r\n'],
    ['two on one line', `${one}${one}\nb`, '<levelChanged><levelChanged>b'],
    ['inside a line', `a ${one} b\n`, 'a <levelChanged> b\n'],
    ['behind text', `a ${one}\nb`, 'a <levelChanged>\nb'],
    ['before text', `${one}a\nb`, '<levelChanged>a\nb'],
    ['a CR that ends no line', `${one}\rb`, '<levelChanged>\rb'],
    ['a CR at the very end', `${one}\r`, '<levelChanged>\r'],
    ['an empty line after it', `${one}\n\nb`, '<levelChanged>\nb'],
  ])('a message %s', (_, text, shown) => {
    expect(read([text]).shown).toBe(shown);
    expect(read(Array.from(text)).shown).toBe(shown);
  });

  test.each([
    '##octopus[',
    '##octopus[]',
    '##octopus[ name]',
    '##octopus[setVariable name=x]',
    "##octopus[setVariable name='!']",
    "##octopus[setVariable name='A']",
    "##octopus[setVariable name='']",
    "##octopus[progress percentage='eA==']",
    '##octopus[stdout-verbose\n]',
    '##octopus{stdout-verbose}',
    '##octopu',
    '####',
    '#',
    '##Octopus[stdout-verbose]',
    "##longshore[mask value='",
  ])('%j is text', (text) => {
    for (const pieces of [
      [text, 'x\n'],
      [...Array.from(text), 'x\n'],
    ]) {
      expect(read(pieces).shown.replaceAll('<note>', '')).toBe(`${text}x\n`);
    }
  });

  test('what can not be read is warned of once', () => {
    const { events } = read(['##octopus[!]\n'.repeat(5)]);
    expect(events).toEqual([
      { $case: 'note', value: { level: Level.WARNING, text: expect.stringContaining('stdout') } },
    ]);
  });

  test('a message that never ends is released when it is too long, and what follows is read', () => {
    const open = `##octopus[mask value='${'A'.repeat(LONGEST_SERVICE_MESSAGE_BYTES)}`;
    const seen: Seen = { shown: '', events: [], masks: [] };
    const messages = createServiceMessages('stdout');
    for (let at = 0; at < open.length; at += 4096)
      messages.push(Buffer.from(open.slice(at, at + 4096)), sinkInto(seen));
    expect(seen.shown.length).toBeGreaterThan(LONGEST_SERVICE_MESSAGE_BYTES);
    messages.push(Buffer.from(`\n${message('stdout-wait')}`), sinkInto(seen));
    expect(seen.shown.endsWith('\n<levelChanged>')).toBe(true);
  });

  test('the bytes themselves are handed on where there is no message', () => {
    const bytes = Buffer.from('no # message ## here\n');
    createServiceMessages('stdout').push(bytes, {
      text: (shown) => expect(shown).toBe(bytes),
      event: () => undefined,
      mask: () => undefined,
    });
    expect.assertions(1);
  });

  test('however it is cut, the same comes out; and text without messages is unchanged', () => {
    const part = fc.oneof(
      fc.constantFrom(
        message('stdout-wait'),
        message('mask', { value: 'x' }),
        '##octopus[',
        '##longshore[a',
        '#',
        '\n',
        '\r\n',
        '\r',
        ' ',
        "='",
        ']',
      ),
      fc.string({ maxLength: 5 }),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 12 }), (parts, cuts) => {
        const text = parts.join('');
        const places = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b);
        const pieces = [0, ...places].map((start, i) => text.slice(start, places[i] ?? text.length));
        const whole = read([text]);
        expect(read(pieces)).toEqual(whole);
        if (!/##(octopus|longshore)\[/.test(text))
          expect(whole.shown).toBe(Buffer.from(text).toString('latin1'));
      }),
      { numRuns: 10_000 },
    );
  });
});
